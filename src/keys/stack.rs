//! What computing with keys leaves on the stack: copies that the compiler makes on their way to where they are kept, round keys of a
//! cipher that did not fit into registers.

use std::hint::black_box;
use zeroize::Zeroize;

/// Deeper than what unwraps or wraps a key goes below who calls it.
const NEAR: usize = 32 * 1_024;
/// Deeper than statements go that seal and open, below the end of their transaction; and well within what PostgreSQL leaves free of the
/// stack (`max_stack_depth` is at least 512 kB less than there is).
const FAR: usize = 192 * 1_024;

/// Overwrites the stack below the caller, after a key was unwrapped or wrapped.
#[inline(never)]
pub fn wipe() {
    let mut below = [0_u8; NEAR];
    black_box(&mut below).zeroize();
}

/// The same as far down as statements may have left something.
#[inline(never)]
pub fn wipe_deep() {
    let mut below = [0_u8; FAR];
    black_box(&mut below).zeroize();
}
