//! Geometries and geographies: PostGIS, library `postgis-3`. Examined in 3.3.2: gserialized_gist_2d.c,
//! gserialized_gist_nd.c, gserialized_spgist_2d.c, _3d.c and _nd.c, brin_2d.c, brin_nd.c, gserialized_supportfn.c,
//! lwgeom_btree.c, gserialized_typmod.c, and gserialized.c, gbox.c, lwgeodetic.c and measures.c of liblwgeom.
//!
//! Operators on boxes read the box that is stored with a value. Values without one (points, lines of two points, what
//! is empty, what `postgis_dropbbox` returned) have it computed, which for a geometry cannot fail, and for a geography
//! does for a line between antipodes. Such a line can be stored, but not inserted into GiST, SP-GiST or a summarised
//! range of BRIN. All the indexes keep boxes, compare them exactly and ask for no recheck; only ordering by distance
//! asks for one.
//!
//! The support function derives `&&`, `~`, `@` or `~=` in two dimensions, `&&&` in more, `&/&` for SP-GiST in three,
//! and `&&` for geographies, always as lossy; the indexes evaluate these on their own boxes, never on a row.
//!
//! Left out:
//! - `~` and `@` of boxes, and the functions they are derived from (ST_Contains, ST_Within, ST_Covers, ST_CoveredBy,
//!   ST_ContainsProperly for geometries): coordinates that are NaN or infinite, stored by one tenant, make GiST and SP-GiST
//!   miss rows of others;
//! - direct use of `&&&` and the other operators in n dimensions, and of `&&` of geographies, because SP-GiST in n dimensions
//!   crashes on NaN;
//! - comparisons of geographies (`=`, `<`): a B-tree takes a line between antipodes as its first key and then fails;
//! - `<->` of geographies, whose distance fails between antipodes and looks the reference system up in a table;
//! - `ST_Transform` and whatever else goes through PROJ and `spatial_ref_sys`;
//! - operators between a geometry and `box2df` in that order, which are in SQL, and of two boxes, for BRIN's own use.

use crate::search::entry::{Entry, Function, Function::Library, When};

const BOX: &str = "Compares the two boxes of floats, which it reads from the values' heads or computes from \
    their coordinates; what is empty, infinite or not a number compares without an error.";
const BOX_DISTANCE: &str = "Computes the distance of the two boxes of floats; a geometry without a box is at \
    the greatest float's distance.";
const DISTANCE: &str = "Fails for different reference systems and inconsistent curves; between points of one \
    system it is a square root, NULL for what is empty, infinite or not a number.";
const COMPARE: &str = "Compares the bytes and, if they differ, a hash of the boxes, the sizes, the reference \
    systems and the dimensions.";
const DISTANCE_CPA: &str = "Fails unless both geometries are lines with ascending measures.";
const PREDICATE: &str = "Fails for different reference systems, collections and invalid geometries; the \
    support function derives comparisons of boxes from it, as lossy.";
const PREDICATE_GEOGRAPHY: &str = "Fails for different reference systems and lines between antipodes; the \
    support function derives `&&` of geocentric boxes from it, as lossy.";
const WITHIN_DISTANCE: &str = "Fails for different reference systems and curves; the support function \
    derives `&&` or `&&&` from it, as lossy, with the other argument's box expanded.";
const TYPMOD: &str = "Fails for a value whose type, reference system or dimensions are not those of the type \
    modifier.";
const TO_GEOGRAPHY: &str = "Fails for curves and for reference systems without longitude and latitude, and \
    notifies about coordinates out of range.";
const TO_GEOMETRY: &str =
    "Copies the geography and adds a box, for which one that fills 1 GB leaves no room.";

const fn function(symbol: &'static str) -> Function {
    Library("postgis-3", symbol)
}

const fn of_boxes(symbol: &'static str) -> Entry {
    Entry::total(function(symbol), BOX)
}

const fn comparison(symbol: &'static str) -> Entry {
    Entry::total(function(symbol), COMPARE)
}

const fn predicate(symbol: &'static str) -> Entry {
    Entry::derived(function(symbol), PREDICATE)
}

const fn geography_predicate(symbol: &'static str) -> Entry {
    Entry::derived(function(symbol), PREDICATE_GEOGRAPHY)
}

const fn within_distance(symbol: &'static str) -> Entry {
    Entry::derived(function(symbol), WITHIN_DISTANCE)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    of_boxes("gserialized_overlaps_2d"),
    of_boxes("gserialized_same_2d"),
    of_boxes("gserialized_left_2d"),
    of_boxes("gserialized_overleft_2d"),
    of_boxes("gserialized_right_2d"),
    of_boxes("gserialized_overright_2d"),
    of_boxes("gserialized_above_2d"),
    of_boxes("gserialized_overabove_2d"),
    of_boxes("gserialized_below_2d"),
    of_boxes("gserialized_overbelow_2d"),
    of_boxes("gserialized_overlaps_box2df_geom_2d"),
    Entry::total(function("gserialized_distance_box_2d"), BOX_DISTANCE),
    Entry::total(function("ST_Distance"), DISTANCE).when(When::PinnedPoint),
    comparison("lwgeom_eq"),
    comparison("lwgeom_lt"),
    comparison("lwgeom_le"),
    comparison("lwgeom_ge"),
    comparison("lwgeom_gt"),
    Entry::guarded(function("ST_DistanceCPA"), DISTANCE_CPA),
    predicate("ST_Intersects"),
    predicate("ST_3DIntersects"),
    predicate("touches"),
    predicate("crosses"),
    predicate("overlaps"),
    predicate("ST_Equals"),
    predicate("LWGEOM_same"),
    predicate("ST_LineCrossingDirection"),
    within_distance("LWGEOM_dwithin"),
    within_distance("LWGEOM_dfullywithin"),
    within_distance("LWGEOM_dwithin3d"),
    within_distance("LWGEOM_dfullywithin3d"),
    geography_predicate("geography_intersects"),
    geography_predicate("geography_covers"),
    geography_predicate("geography_coveredby"),
    geography_predicate("geography_dwithin"),
    Entry::guarded(function("geometry_enforce_typmod"), TYPMOD),
    Entry::guarded(function("geography_enforce_typmod"), TYPMOD),
    Entry::guarded(function("geography_from_geometry"), TO_GEOGRAPHY),
    Entry::guarded(function("geometry_from_geography"), TO_GEOMETRY),
];
