use super::*;

/// Functions by number: 1 leakproof, 2 total, 3 long, 4 guarded, 5 derived, 6 LIKE, 7 regular expression, 8 text search,
/// 9 arrays, 10 bounds a query, 11 short patterns, 12 and 13 type modifiers, 14 an order; anything else nobody has examined. Collation 100 is deterministic, 200 is not.
struct Server;

impl Examiner for Server {
    fn is_leakproof(&self, function: u32) -> bool {
        function == 1
    }

    fn entry(&self, function: u32) -> Option<(Grade, When)> {
        Some(match function {
            2 => (Grade::Total, When::Always),
            3 => (Grade::Long, When::Collated),
            4 => (Grade::Guarded, When::Always),
            5 => (Grade::Derived, When::Always),
            6 => (Grade::Total, When::LikePattern),
            7 => (Grade::Long, When::RegularExpression),
            8 => (Grade::Total, When::ShallowQuery(1)),
            9 => (Grade::Total, When::BuiltinElements),
            11 => (Grade::Total, When::ShortPatterns(1)),
            12 => (Grade::Total, When::PinnedColumn),
            13 => (Grade::Total, When::PinnedPoint),
            14 => (Grade::Total, When::Indexed),
            _ => return None,
        })
    }

    fn is_deterministic(&self, collation: u32) -> bool {
        collation == 100
    }

    fn element(&self, kind: u32) -> u32 {
        if kind == TEXT_ARRAY { TEXT } else { 0 }
    }

    fn bounds_query(&self, function: u32) -> bool {
        function == 10
    }

    fn is_ordering(&self) -> bool {
        false
    }

    fn has_index_of(&self, family: u32) -> bool {
        family == 4015
    }
}

const TEXT: u32 = 25;
const TEXT_ARRAY: u32 = 1009;
const JSON: u32 = 114;

fn of(kind: u32, shape: Shape) -> Term {
    Term { kind, modifier: -1, shape }
}

fn column() -> Term {
    of(TEXT, Shape::Column(1))
}

fn constant(text: &str) -> Term {
    of(TEXT, Shape::Constant(Some(vec![text.into()])))
}

fn value() -> Term {
    of(TEXT, Shape::Value)
}

fn call(function: u32, arguments: Vec<Term>) -> Term {
    of(16, Shape::Call { function, collation: 100, arguments })
}

fn all(parts: Vec<Term>) -> Term {
    of(16, Shape::Structure(parts))
}

fn grade(term: &Term) -> Option<Grade> {
    examine(term, &Server).map(|examined| examined.grade)
}

#[test]
fn a_clause_is_as_good_as_its_worst_function() {
    assert_eq!(grade(&call(1, vec![column(), value()])), Some(Grade::Total));
    assert_eq!(grade(&call(2, vec![column(), value()])), Some(Grade::Total));
    assert_eq!(grade(&call(2, vec![call(4, vec![column()]), value()])), Some(Grade::Guarded));
    assert_eq!(grade(&call(4, vec![call(3, vec![column()])])), Some(Grade::Guarded));
    assert_eq!(
        grade(&all(vec![call(2, vec![column()]), call(3, vec![column(), value()])])),
        Some(Grade::Long)
    );
}

#[test]
fn an_unexamined_function_keeps_a_clause_behind_the_predicate_wherever_it_stands() {
    for clause in [
        call(99, vec![column(), constant("x")]),
        call(2, vec![call(99, vec![column()]), constant("x")]),
        call(2, vec![constant("x"), call(1, vec![call(99, vec![column()])])]),
        all(vec![call(1, vec![column(), value()]), call(99, vec![column()])]),
        call(2, vec![of(TEXT, Shape::Unknown), value()]),
        all(vec![of(TEXT, Shape::Unknown)]),
    ] {
        assert_eq!(grade(&clause), None, "{clause:?}");
    }
}

#[test]
fn a_function_that_gets_no_column_may_be_any() {
    assert_eq!(grade(&call(2, vec![column(), call(99, vec![constant("x")])])), Some(Grade::Total));
    assert_eq!(grade(&call(99, vec![value()])), Some(Grade::Total));
}

#[test]
fn nothing_is_derived_from_a_call_further_in() {
    assert_eq!(grade(&call(5, vec![column(), value()])), Some(Grade::Derived));
    assert_eq!(grade(&all(vec![call(5, vec![column()])])), None);
    assert_eq!(grade(&call(2, vec![call(5, vec![column()])])), None);
}

#[test]
fn a_pattern_must_be_known_and_harmless() {
    let like = |pattern: Term| grade(&call(6, vec![column(), pattern]));
    for good in ["", "%", "a%b_c", r"100\%", r"\\", r"a\\\\"] {
        assert_eq!(like(constant(good)), Some(Grade::Total), "{good}");
    }
    for bad in [r"\", r"a\", r"\\\", r"%\"] {
        assert_eq!(like(constant(bad)), None, "{bad}");
    }
    assert_eq!(like(constant(&"%".repeat(500))), Some(Grade::Total));
    assert_eq!(like(constant(&"%a".repeat(501))), None);
    assert_eq!(like(value()), None);
    assert_eq!(like(column()), None);
    // LIKE ANY (ARRAY['a%', 'b\'])
    let any = |patterns: &[&str]| {
        let bytes = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
        like(of(TEXT_ARRAY, Shape::Constant(Some(bytes))))
    };
    assert_eq!(any(&["a%", "b%"]), Some(Grade::Total));
    assert_eq!(any(&["a%", r"b\"]), None);
}

#[test]
fn texts_are_compared_under_a_known_deterministic_collation_only() {
    for collation in [0, 200] {
        for function in [3, 6, 7] {
            let arguments = vec![column(), constant("x")];
            assert_eq!(grade(&of(16, Shape::Call { function, collation, arguments })), None);
        }
    }
    assert_eq!(grade(&call(7, vec![column(), constant("a+")])), Some(Grade::Long));
    assert_eq!(grade(&call(7, vec![column(), value()])), None);
}

#[test]
fn a_search_query_is_counted_before_or_when_it_runs() {
    let query = |nodes: i32| of(3615, Shape::Constant(Some(vec![nodes.to_ne_bytes().to_vec()])));
    let search = |query: Term| grade(&call(8, vec![column(), query]));
    assert_eq!(search(query(MAX_QUERY_NODES)), Some(Grade::Total));
    assert_eq!(search(query(MAX_QUERY_NODES + 1)), None);
    assert_eq!(search(of(3615, Shape::Constant(Some(vec![vec![1]])))), None);
    assert_eq!(search(of(3615, Shape::Constant(None))), None);
    assert_eq!(search(value()), None);
    assert_eq!(search(call(10, vec![value()])), Some(Grade::Total));
    // NULL finds nothing.
    assert_eq!(search(of(3615, Shape::Constant(Some(vec![])))), Some(Grade::Total));
}

#[test]
fn patterns_that_are_walked_by_recursion_are_short() {
    let find =
        |array: Vec<u8>| grade(&call(11, vec![column(), of(16_400, Shape::Constant(Some(vec![array])))]));
    let array = |dimensions: i32, nulls: i32, rest: usize| {
        let mut bytes = [dimensions.to_ne_bytes(), nulls.to_ne_bytes()].concat();
        bytes.resize(8 + rest, 0);
        bytes
    };
    assert_eq!(find(array(1, 0, 100)), Some(Grade::Total));
    assert_eq!(find(array(0, 0, 0)), Some(Grade::Total));
    assert_eq!(find(array(2, 0, 100)), None);
    assert_eq!(find(array(1, 24, 100)), None);
    assert_eq!(find(array(1, 0, 1025)), None);
    assert_eq!(find(vec![1]), None);
    assert_eq!(grade(&call(11, vec![column(), value()])), None);
}

#[test]
fn a_distance_needs_a_column_whose_values_are_of_one_kind() {
    let distance =
        |function: u32, modifier: i32| grade(&call(function, vec![Term { modifier, ..column() }, value()]));
    assert_eq!(distance(12, 3), Some(Grade::Total));
    assert_eq!(distance(12, -1), None);
    // PostGIS: geometry(Point,4326), geometry(Point), geometry(Geometry,4326), geometry(LineString,4326)
    for (modifier, good) in
        [(1_107_460, true), (4, false), (1_107_456, false), (1_107_464, false), (-1, false)]
    {
        assert_eq!(distance(13, modifier).is_some(), good, "{modifier}");
    }
    assert_eq!(distance(14, -1), None);
}

#[test]
fn elements_are_examined_too() {
    let arrays = |kind: u32, collation: u32| {
        let arguments = vec![of(kind, Shape::Column(1)), of(kind, Shape::Value)];
        grade(&of(16, Shape::Call { function: 9, collation, arguments }))
    };
    assert_eq!(arrays(TEXT_ARRAY, 100), Some(Grade::Total));
    assert_eq!(arrays(TEXT_ARRAY, 200), None);
    assert_eq!(arrays(3904, 0), Some(Grade::Total)); // int4range
    assert_eq!(arrays(JSON, 100), None);
    assert_eq!(arrays(16_384, 100), None);
}

#[test]
fn estimates_call_the_outer_function_only() {
    let may = |term: &Term| examine(term, &Server).is_some_and(|examined| examined.estimate);
    assert!(may(&call(3, vec![call(4, vec![column()]), value()])));
    assert!(!may(&call(4, vec![column(), value()])));
    assert!(!may(&call(99, vec![column(), value()])));
    assert!(!may(&all(vec![call(2, vec![column()])])));
}

#[test]
fn every_entry_says_why_and_stands_once() {
    let mut seen = std::collections::HashSet::new();
    for entry in catalogue::entries() {
        assert!(seen.insert(entry.function), "{:?} stands twice", entry.function);
        assert!(entry.because.ends_with('.') && entry.because.len() > 20, "{:?}", entry.function);
    }
    assert!(elements::all().map(|(oid, _)| oid).is_sorted());
}

#[test]
fn the_documents_say_how_many_there_are() {
    let count = catalogue::entries().count();
    assert!(count > 450, "README.md speaks of more than 450 functions, there are {count}");
}
