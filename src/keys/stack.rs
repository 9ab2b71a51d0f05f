//! What computing with keys leaves on the stack.

use std::hint::black_box;
use zeroize::Zeroize;

/// Deeper than anything goes that handles a key.
const DEPTH: usize = 32 * 1_024;

/// Overwrites the stack below the caller: copies that the compiler has made of keys on their way to where they are kept.
#[inline(never)]
pub fn wipe() {
    let mut below = [0_u8; DEPTH];
    black_box(&mut below).zeroize();
}
