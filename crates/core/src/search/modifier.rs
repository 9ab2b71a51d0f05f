//! Type modifiers of extensions.

/// Whether a type modifier of PostGIS (gserialized.h: `TYPMOD_GET_SRID`, `TYPMOD_GET_TYPE`) says that all values are points,
/// and in one spatial reference system: 0 means any.
pub const fn is_point_with_reference(modifier: i32) -> bool {
    const POINT: i32 = 1;
    let reference = ((modifier & 0x0fff_ff00) - (modifier & 0x1000_0000)) >> 8;
    modifier >= 0 && reference != 0 && (modifier & 0xfc) >> 2 == POINT
}
