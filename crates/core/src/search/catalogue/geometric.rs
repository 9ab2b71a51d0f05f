//! Points, boxes and polygons. Examined in geo_ops.c, float.h, gistproc.c, geo_spgist.c, spgproc.c,
//! spgquadtreeproc.c, spgkdtreeproc.c and brin_inclusion.c.
//!
//! Sums and products of coordinates are reported when they overflow or underflow, and the session chooses one of the
//! operands: at which constant the error comes tells the stored coordinate, however ordinary it is. GiST and SP-GiST
//! keep the bounding box of a polygon or circle, compare it without arithmetic, and recheck on the row.
//!
//! The quad tree, SP-GiST's default for points, sorts the constant of `~=` and `<@` into a quadrant of each stored
//! centre. A constant that lies the tolerance away from a centre fits into none because of rounding, which is an error
//! ("impossible case"): those two are listed for tables without such an index.
//!
//! GiST joins boxes with comparisons that NaN and infinities do not survive: such values, stored by one tenant, hide rows of
//! others from a search. So nothing is granted where there is a GiST index of these types; SP-GiST and BRIN keep their rows.
//!
//! Left out:
//! - circles, which only GiST indexes;
//! - `point <@ polygon`, `point <@ circle`: the GiST index itself does the arithmetic, on the points of all tenants.
//! - `<->` of all types: the index itself computes the distances, on the keys of all tenants.

use crate::search::entry::{Entry, Function::Builtin, When};

/// GiST's families of points, boxes, polygons and circles.
const GIST: [u32; 4] = [1029, 2593, 2594, 2595];
/// And SP-GiST's quad tree of points.
const GIST_AND_QUAD: [u32; 5] = [1029, 2593, 2594, 2595, 4015];

const COORDINATES: &str = "Compares coordinates with a tolerance added to one side, where an infinity or \
    NaN is only a number; neither allocates nor checks for overflow.";
const SAME: &str = "Compares coordinates up to a tolerance, exactly if one is NaN; neither allocates nor \
    checks for overflow.";
const INSIDE: &str = "Compares the point's coordinates with the corners', exactly.";
const POLYGON_SIDE: &str = "Compares one coordinate of the bounding boxes that are stored with the \
    polygons.";
const POLYGON_SAME: &str = "Compares the numbers of points, then the points up to a tolerance in both \
    directions around; no arithmetic that is checked.";
const POLYGON_OVERLAP: &str = "Intersects edges if the bounding boxes overlap: products and differences of \
    the coordinates may overflow, underflow or divide by zero, which is reported.";
const POLYGON_CONTAIN: &str = "Cuts edges against the other polygon by recursion if the bounding boxes \
    allow it: its arithmetic may overflow, and many crossings exhaust the stack.";

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(Builtin(125, "box_overlap(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(131, "point_above(point,point)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(132, "point_left(point,point)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(133, "point_right(point,point)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(134, "point_below(point,point)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(135, "point_eq(point,point)"), SAME).when(When::NoIndexOf(&GIST_AND_QUAD)),
    Entry::total(Builtin(136, "on_pb(point,box)"), INSIDE).when(When::NoIndexOf(&GIST_AND_QUAD)),
    Entry::total(Builtin(186, "box_same(box,box)"), SAME).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(187, "box_contain(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(188, "box_left(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(189, "box_overleft(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(190, "box_overright(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(191, "box_right(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(192, "box_contained(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(193, "box_contain_pt(box,point)"), INSIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(339, "poly_same(polygon,polygon)"), POLYGON_SAME).when(When::NoIndexOf(&GIST)),
    Entry::guarded(Builtin(340, "poly_contain(polygon,polygon)"), POLYGON_CONTAIN)
        .when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(341, "poly_left(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(342, "poly_overleft(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(343, "poly_overright(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(344, "poly_right(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::guarded(Builtin(345, "poly_contained(polygon,polygon)"), POLYGON_CONTAIN)
        .when(When::NoIndexOf(&GIST)),
    Entry::guarded(Builtin(346, "poly_overlap(polygon,polygon)"), POLYGON_OVERLAP)
        .when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2562, "box_below(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2563, "box_overbelow(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2564, "box_overabove(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2565, "box_above(box,box)"), COORDINATES).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2566, "poly_below(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2567, "poly_overbelow(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2568, "poly_overabove(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
    Entry::total(Builtin(2569, "poly_above(polygon,polygon)"), POLYGON_SIDE).when(When::NoIndexOf(&GIST)),
];
