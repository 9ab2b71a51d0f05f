//! Tokens: who may sign, what a token says, and whether to believe it.
