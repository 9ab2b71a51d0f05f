//! Fixtures shared by the client-level suites.
