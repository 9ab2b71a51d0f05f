//! Candidates in turns, so that a change of the machine's speed meets all of them.

use std::time::Instant;

/// How often each has its turn, and about how long a turn is.
const ROUNDS: usize = 301;
const NANOS_PER_ROUND: u128 = 400_000;

/// Median nanoseconds per call of each candidate.
pub fn interleaved<const N: usize>(mut candidates: [&mut dyn FnMut(); N]) -> [f64; N] {
    let calls = candidates.each_mut().map(|candidate| {
        let start = Instant::now();
        (0..50).for_each(|_| candidate());
        (NANOS_PER_ROUND * 50 / start.elapsed().as_nanos().max(1)).max(1)
    });
    let mut times = [(); N].map(|()| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for ((candidate, calls), times) in candidates.iter_mut().zip(calls).zip(&mut times) {
            let start = Instant::now();
            (0..calls).for_each(|_| candidate());
            times.push(start.elapsed().as_nanos() as f64 / calls as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
