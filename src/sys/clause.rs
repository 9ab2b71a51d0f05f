//! Expressions of the planner, read from the leaves up.

use super::tree::{each, strip};
use pgrx::pg_sys::{self, NodeTag, Oid};

/// An expression of the query that is planned now, or of its plan.
#[derive(Clone, Copy)]
pub struct Clause(*mut pg_sys::Node);

/// What an expression is folded into.
pub trait Fold {
    /// The result for one expression.
    type Out;
    /// A column of a table of this query.
    fn column(&mut self, kind: Kind, number: i16) -> Self::Out;
    /// A constant. `bytes`: of a value of variable length, or of each element of an array of texts or byteas; none for NULL.
    /// `None` for types of fixed length.
    fn constant(&mut self, kind: Kind, bytes: Option<Vec<Vec<u8>>>) -> Self::Out;
    /// Anything without columns.
    fn value(&mut self, kind: Kind) -> Self::Out;
    /// A call of `function` under `collation` (`InvalidOid`: none). The array of `x op ANY (array)` stands for its elements.
    fn call(&mut self, kind: Kind, function: Oid, collation: Oid, arguments: Vec<Self::Out>) -> Self::Out;
    /// A node that calls no function itself, or only leakproof ones.
    fn structure(&mut self, kind: Kind, parts: Vec<Self::Out>) -> Self::Out;
    /// A node with columns in it that may call anything.
    fn unknown(&mut self, kind: Kind) -> Self::Out;
}

/// Type and type modifier of an expression.
#[derive(Clone, Copy, Debug)]
pub struct Kind(pub Oid, pub i32);

impl Clause {
    /// # Safety
    /// `node` must be a valid expression of a query that is being planned, or of its plan, and outlive the value.
    pub const unsafe fn new(node: *mut pg_sys::Node) -> Self {
        Clause(node)
    }

    /// Where the expression is a call with an argument that a function has to look at before anybody else, puts that
    /// function around it. `wrapper` says, for the function called, which argument and with which function. It must be
    /// strict, not volatile, and return its argument. Arguments that are constants, or that need a row, stay as they are.
    pub fn wrap_argument(self, wrapper: impl Fn(Oid) -> Option<(usize, Oid)>) {
        // SAFETY: valid by construction; the planner owns the tree.
        unsafe { wrap(self.0, wrapper) }
    }

    /// The operator, if the expression is a call of one.
    pub fn operator(self) -> Option<Oid> {
        // SAFETY: valid by construction; each cast follows the node's tag.
        unsafe {
            match (*self.0).type_ {
                NodeTag::T_OpExpr => Some((*self.0.cast::<pg_sys::OpExpr>()).opno),
                NodeTag::T_ScalarArrayOpExpr => Some((*self.0.cast::<pg_sys::ScalarArrayOpExpr>()).opno),
                _ => None,
            }
        }
    }

    /// The function, the column and the other side, if the expression is an operator between a column and something else.
    pub fn compared_column(self) -> Option<(Oid, i16, Clause)> {
        // SAFETY: valid by construction; each cast follows the node's tag.
        unsafe {
            let mut node = self.0;
            if (*node).type_ == NodeTag::T_RestrictInfo {
                node = (*node.cast::<pg_sys::RestrictInfo>()).clause.cast();
            }
            if (*node).type_ != NodeTag::T_OpExpr {
                return None;
            }
            let call = &*node.cast::<pg_sys::OpExpr>();
            if call.args.is_null() || (*call.args).length != 2 {
                return None;
            }
            let side = |number| strip((*(*call.args).elements.add(number)).ptr_value.cast());
            let (left, right) = (side(0), side(1));
            let (column, other) = if (*left).type_ == NodeTag::T_Var { (left, right) } else { (right, left) };
            ((*column).type_ == NodeTag::T_Var).then(|| {
                let number = (*column.cast::<pg_sys::Var>()).varattno;
                (function_of(call.opno, call.opfuncid), number, Clause(other.cast()))
            })
        }
    }

    /// The same for `column operator ANY (array)`; the other side is the array.
    pub fn column_of_any(self) -> Option<(Oid, i16, Clause)> {
        // SAFETY: valid by construction; each cast follows the node's tag. The node has two arguments.
        unsafe {
            let mut node = self.0;
            if (*node).type_ == NodeTag::T_RestrictInfo {
                node = (*node.cast::<pg_sys::RestrictInfo>()).clause.cast();
            }
            if (*node).type_ != NodeTag::T_ScalarArrayOpExpr {
                return None;
            }
            let call = &*node.cast::<pg_sys::ScalarArrayOpExpr>();
            let side = |number| strip((*(*call.args).elements.add(number)).ptr_value.cast());
            let column = side(0);
            (call.useOr && (*column).type_ == NodeTag::T_Var).then(|| {
                let number = (*column.cast::<pg_sys::Var>()).varattno;
                (function_of(call.opno, call.opfuncid), number, Clause(side(1).cast()))
            })
        }
    }

    /// The function, if the expression is an operator between a column and a constant or a parameter.
    pub fn simple_comparison(self) -> Option<Oid> {
        let (function, _, other) = self.compared_column()?;
        // SAFETY: valid by construction.
        let kind = unsafe { (*other.0).type_ };
        matches!(kind, NodeTag::T_Const | NodeTag::T_Param).then_some(function)
    }

    /// The function, if the expression is a call without arguments.
    pub fn plain_call(self) -> Option<Oid> {
        // SAFETY: valid by construction; the cast follows the node's tag.
        unsafe {
            let node = strip(self.0.cast());
            if (*node).type_ != NodeTag::T_FuncExpr {
                return None;
            }
            let call = &*node.cast::<pg_sys::FuncExpr>();
            call.args.is_null().then_some(call.funcid)
        }
    }

    /// Whether it is this very node.
    pub(super) fn is(self, node: *const pg_sys::Node) -> bool {
        std::ptr::addr_eq(self.0, node)
    }

    /// Whether a column of this query comes into the expression.
    pub fn has_columns(self) -> bool {
        // SAFETY: valid by construction.
        unsafe {
            match (*self.0).type_ {
                NodeTag::T_Var => true,
                NodeTag::T_Const | NodeTag::T_Param => false,
                _ => pg_sys::contain_var_clause(self.0),
            }
        }
    }

    /// Folds the expression.
    pub fn fold<F: Fold>(self, fold: &mut F) -> F::Out {
        // SAFETY: valid by construction.
        unsafe { read(self.0, fold) }
    }
}

/// # Safety
/// `node` must be a valid expression that may be changed.
unsafe fn wrap(node: *mut pg_sys::Node, wrapper: impl Fn(Oid) -> Option<(usize, Oid)>) {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        if (*node).type_ != NodeTag::T_OpExpr {
            return;
        }
        let call = &*node.cast::<pg_sys::OpExpr>();
        let Some((number, function)) = wrapper(function_of(call.opno, call.opfuncid)) else { return };
        if call.args.is_null() || number >= (*call.args).length as usize {
            return;
        }
        let place = &mut (*(*call.args).elements.add(number)).ptr_value;
        let argument = place.cast::<pg_sys::Node>();
        let wrapped = (*argument).type_ == NodeTag::T_FuncExpr
            && (*argument.cast::<pg_sys::FuncExpr>()).funcid == function;
        if wrapped || (*argument).type_ == NodeTag::T_Const || pg_sys::contain_var_clause(argument) {
            return;
        }
        let arguments = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        *place = pg_sys::makeFuncExpr(
            function,
            pg_sys::exprType(argument),
            arguments,
            Oid::INVALID,
            Oid::INVALID,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        )
        .cast();
    }
}

/// # Safety
/// `node` must be a valid expression.
unsafe fn read<F: Fold>(node: *mut pg_sys::Node, fold: &mut F) -> F::Out {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        let kind = kind_of(node);
        match (*node).type_ {
            NodeTag::T_RestrictInfo => read((*node.cast::<pg_sys::RestrictInfo>()).clause.cast(), fold),
            NodeTag::T_Var => {
                let column = &*node.cast::<pg_sys::Var>();
                fold.column(kind, column.varattno)
            }
            NodeTag::T_Const => fold.constant(kind, bytes(&*node.cast::<pg_sys::Const>())),
            NodeTag::T_Param => fold.value(kind),
            // The same bytes under another name.
            NodeTag::T_RelabelType => read((*node.cast::<pg_sys::RelabelType>()).arg.cast(), fold),
            NodeTag::T_CollateExpr => read((*node.cast::<pg_sys::CollateExpr>()).arg.cast(), fold),
            NodeTag::T_OpExpr => {
                let call = &*node.cast::<pg_sys::OpExpr>();
                let arguments = read_all(call.args, fold);
                fold.call(kind, function_of(call.opno, call.opfuncid), call.inputcollid, arguments)
            }
            NodeTag::T_ScalarArrayOpExpr => {
                let call = &*node.cast::<pg_sys::ScalarArrayOpExpr>();
                let arguments = read_all(call.args, fold);
                fold.call(kind, function_of(call.opno, call.opfuncid), call.inputcollid, arguments)
            }
            NodeTag::T_FuncExpr => {
                let call = &*node.cast::<pg_sys::FuncExpr>();
                let arguments = read_all(call.args, fold);
                fold.call(kind, call.funcid, call.inputcollid, arguments)
            }
            NodeTag::T_BoolExpr => {
                let parts = read_all((*node.cast::<pg_sys::BoolExpr>()).args, fold);
                fold.structure(kind, parts)
            }
            NodeTag::T_NullTest => {
                let part = read((*node.cast::<pg_sys::NullTest>()).arg.cast(), fold);
                fold.structure(kind, vec![part])
            }
            NodeTag::T_CoalesceExpr => {
                let parts = read_all((*node.cast::<pg_sys::CoalesceExpr>()).args, fold);
                fold.structure(kind, parts)
            }
            NodeTag::T_ArrayExpr => {
                let parts = read_all((*node.cast::<pg_sys::ArrayExpr>()).elements, fold);
                fold.structure(kind, parts)
            }
            NodeTag::T_RowCompareExpr => {
                let compare = &*node.cast::<pg_sys::RowCompareExpr>();
                let parts = read_pairs(compare, kind, fold);
                fold.structure(kind, parts)
            }
            _ => read_other(node, kind, fold),
        }
    }
}

/// What PostgreSQL itself says of a node that is not read in detail.
///
/// # Safety
/// As for `read`.
unsafe fn read_other<F: Fold>(node: *mut pg_sys::Node, kind: Kind, fold: &mut F) -> F::Out {
    // SAFETY: by the caller.
    unsafe {
        if !pg_sys::contain_var_clause(node) {
            fold.value(kind)
        } else if !pg_sys::contain_leaked_vars(node) {
            fold.structure(kind, Vec::new())
        } else {
            fold.unknown(kind)
        }
    }
}

/// # Safety
/// `list` must be null or a list of expressions.
unsafe fn read_all<F: Fold>(list: *mut pg_sys::List, fold: &mut F) -> Vec<F::Out> {
    // SAFETY: by the caller.
    unsafe { each::<pg_sys::Node>(list).map(|node| read(node, fold)).collect() }
}

/// `ROW(a, b) < ROW(c, d)`, as one call for each pair.
///
/// # Safety
/// As for `read`.
unsafe fn read_pairs<F: Fold>(compare: &pg_sys::RowCompareExpr, kind: Kind, fold: &mut F) -> Vec<F::Out> {
    // SAFETY: the lists of a valid node are equally long; the operators are a list of oids.
    unsafe {
        let left = read_all(compare.largs, fold);
        let right = read_all(compare.rargs, fold);
        left.into_iter()
            .zip(right)
            .enumerate()
            .map(|(index, (left, right))| {
                let operator = (*(*compare.opnos).elements.add(index)).oid_value;
                let collation = (*(*compare.inputcollids).elements.add(index)).oid_value;
                fold.call(kind, pg_sys::get_opcode(operator), collation, vec![left, right])
            })
            .collect()
    }
}

/// # Safety
/// As for `read`.
unsafe fn kind_of(node: *mut pg_sys::Node) -> Kind {
    // SAFETY: by the caller; each cast follows the node's tag. The frequent ones are read without a call.
    unsafe {
        match (*node).type_ {
            // A restriction has no type of its own.
            NodeTag::T_RestrictInfo | NodeTag::T_BoolExpr | NodeTag::T_NullTest => Kind(pg_sys::BOOLOID, -1),
            NodeTag::T_Var => {
                let column = &*node.cast::<pg_sys::Var>();
                Kind(column.vartype, column.vartypmod)
            }
            NodeTag::T_Const => {
                let constant = &*node.cast::<pg_sys::Const>();
                Kind(constant.consttype, constant.consttypmod)
            }
            NodeTag::T_Param => {
                let parameter = &*node.cast::<pg_sys::Param>();
                Kind(parameter.paramtype, parameter.paramtypmod)
            }
            NodeTag::T_OpExpr => Kind((*node.cast::<pg_sys::OpExpr>()).opresulttype, -1),
            _ => Kind(pg_sys::exprType(node), pg_sys::exprTypmod(node)),
        }
    }
}

fn function_of(operator: Oid, known: Oid) -> Oid {
    if known != Oid::INVALID {
        return known;
    }
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_opcode(operator) }
}

/// The bytes of a constant of variable length, or of each element of an array of texts or byteas.
///
/// # Safety
/// `constant` must be valid.
unsafe fn bytes(constant: &pg_sys::Const) -> Option<Vec<Vec<u8>>> {
    if constant.constlen != -1 {
        return None;
    }
    if constant.constisnull {
        return Some(Vec::new());
    }
    // SAFETY: not null, of variable length; of the array types that are named, the elements are too.
    unsafe {
        match constant.consttype {
            pg_sys::TEXTARRAYOID
            | pg_sys::BYTEAARRAYOID
            | pg_sys::BPCHARARRAYOID
            | pg_sys::VARCHARARRAYOID => Some(elements_of(constant.constvalue)),
            _ => Some(vec![content(constant.constvalue)]),
        }
    }
}

/// # Safety
/// `datum` must be a varlena.
unsafe fn content(datum: pg_sys::Datum) -> Vec<u8> {
    // SAFETY: by the caller; the copy has a plain header.
    unsafe { pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr())).to_vec() }
}

/// # Safety
/// `datum` must be an array of varlena elements.
unsafe fn elements_of(datum: pg_sys::Datum) -> Vec<Vec<u8>> {
    let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: by the caller; the results are arrays of `count`.
    unsafe {
        let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        let int_aligned = b'i' as std::ffi::c_char;
        let kind = (*array).elemtype;
        pg_sys::deconstruct_array(array, kind, -1, false, int_aligned, &mut values, &mut nulls, &mut count);
        (0..count as usize)
            .filter(|index| !*nulls.add(*index))
            .map(|index| content(*values.add(index)))
            .collect()
    }
}
