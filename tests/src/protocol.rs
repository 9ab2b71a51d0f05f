//! The ways a statement reaches the server.

/// How a session sends its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Query messages: several statements at once, text results.
    Simple,
    /// Parse, Bind, Execute: binary results.
    Extended,
    /// Extended, and every query that may be is run by a parallel worker.
    Parallel,
}

/// Runs the test once per protocol. A failure names it.
pub fn for_each_protocol(test: impl Fn(Mode)) {
    for mode in [Mode::Simple, Mode::Extended] {
        println!("protocol: {mode:?}");
        test(mode);
    }
}

/// Also with parallel workers: for tests of what a query returns.
pub fn for_each_path(test: impl Fn(Mode)) {
    for_each_protocol(&test);
    println!("protocol: {:?}", Mode::Parallel);
    test(Mode::Parallel);
}
