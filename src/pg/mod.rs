//! Safe adapters in PostgreSQL's own words. They know PostgreSQL, not tenants.

pub mod arguments;
pub mod error;
pub mod ext;
pub mod family;
pub mod found;
pub mod id;
pub mod key_settings;
pub mod role;
pub mod settings;
pub mod spi;
