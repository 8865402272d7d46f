//! What an expression is worth on a body, within bounds of time and memory.
//!
//! A hundred characters such as `[@,@,@,@]|[@,@,@,@]|…` make a value of gigabytes out of shared parts. So each
//! expression that is looked at, each element that is put into a list, and each character of a new text is
//! counted.

use jmespath::ast::{Ast, Comparator};

use crate::query::Fault;
use crate::query::value::{Datum, Fields};

/// The most that is looked at or put into lists: some 100 MB, and a second. 5,000 tasks with 20 fields each,
/// filtered, sorted and shown, take a tenth.
const STEPS: usize = 3_000_000;
/// The most characters of new texts, in bytes.
const TEXT: usize = 16 * 1024 * 1024;

/// What a value of an expression has cost so far.
#[derive(Debug, Default)]
pub(super) struct Evaluation {
    steps: usize,
    text: usize,
}

impl Evaluation {
    /// The value of an expression on another value.
    pub(super) fn value<'e>(&mut self, ast: &'e Ast, of: &Datum<'e>) -> Result<Datum<'e>, Fault> {
        self.steps_at(offset_of(ast), 1)?;
        Ok(match ast {
            Ast::Identity { .. } => of.clone(),
            Ast::Literal { value, .. } => Datum::from(&**value),
            Ast::Field { name, .. } => of.field(name),
            Ast::Index { idx, .. } => index(of, *idx),
            Ast::Slice { start, stop, step, offset } => self.slice(of, (*start, *stop, *step), *offset)?,
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.value(lhs, of)?;
                self.value(rhs, &left)?
            }
            Ast::Or { lhs, rhs, .. } => match self.value(lhs, of)? {
                left if left.is_true() => left,
                _ => self.value(rhs, of)?,
            },
            Ast::And { lhs, rhs, .. } => match self.value(lhs, of)? {
                left if left.is_true() => self.value(rhs, of)?,
                left => left,
            },
            Ast::Not { node, .. } => Datum::Boolean(!self.value(node, of)?.is_true()),
            Ast::Condition { predicate, then, .. } => {
                if self.value(predicate, of)?.is_true() {
                    self.value(then, of)?
                } else {
                    Datum::Null
                }
            }
            Ast::Comparison { comparator, lhs, rhs, offset } => {
                let (left, right) = (self.value(lhs, of)?, self.value(rhs, of)?);
                self.compare(comparator, &left, &right, *offset)?
            }
            Ast::ObjectValues { node, .. } => match self.value(node, of)? {
                Datum::Object(fields) => {
                    self.steps_at(offset_of(ast), fields.len())?;
                    Datum::list(fields.iter().map(|(_, value)| value.clone()).collect())
                }
                _ => Datum::Null,
            },
            Ast::Projection { lhs, rhs, .. } => {
                let Datum::List(list) = self.value(lhs, of)? else { return Ok(Datum::Null) };
                let mut found = Vec::new();
                for element in list.iter() {
                    let value = self.value(rhs, element)?;
                    if !value.is_null() {
                        found.push(value);
                    }
                }
                Datum::list(found)
            }
            Ast::Flatten { node, .. } => {
                let Datum::List(list) = self.value(node, of)? else { return Ok(Datum::Null) };
                let mut found = Vec::new();
                for element in list.iter() {
                    match element {
                        Datum::List(inner) => {
                            self.steps_at(offset_of(ast), inner.len())?;
                            found.extend(inner.iter().cloned());
                        }
                        other => found.push(other.clone()),
                    }
                }
                Datum::list(found)
            }
            Ast::MultiList { .. } | Ast::MultiHash { .. } if of.is_null() => Datum::Null,
            Ast::MultiList { elements, .. } => {
                let values: Result<_, Fault> =
                    elements.iter().map(|element| self.value(element, of)).collect();
                Datum::list(values?)
            }
            Ast::MultiHash { elements, .. } => {
                let mut fields = Fields::new();
                for pair in elements {
                    let value = self.value(&pair.value, of)?;
                    put(&mut fields, pair.key.as_str().into(), value);
                }
                Datum::object(fields)
            }
            Ast::Expref { ast, .. } => Datum::Expression(ast),
            Ast::Function { name, args, offset } => {
                let args: Result<Vec<_>, Fault> = args.iter().map(|arg| self.value(arg, of)).collect();
                self.call(name, &args?, *offset)?
            }
        })
    }

    fn compare<'e>(
        &mut self,
        comparator: &Comparator,
        left: &Datum<'e>,
        right: &Datum<'e>,
        offset: usize,
    ) -> Result<Datum<'e>, Fault> {
        let ordered = match comparator {
            Comparator::Equal => return Ok(Datum::Boolean(self.equal(left, right, offset)?)),
            Comparator::NotEqual => return Ok(Datum::Boolean(!self.equal(left, right, offset)?)),
            Comparator::LessThan => std::cmp::Ordering::is_lt,
            Comparator::LessThanEqual => std::cmp::Ordering::is_le,
            Comparator::GreaterThan => std::cmp::Ordering::is_gt,
            Comparator::GreaterThanEqual => std::cmp::Ordering::is_ge,
        };
        match (left, right) {
            // The AWS CLI fails on it, and a silent "no" would look like "there is none".
            (Datum::Text(_), Datum::Number(_)) | (Datum::Number(_), Datum::Text(_)) => {
                Err(Fault { offset, reason: "a number and a string have no order".into() })
            }
            _ => Ok(left.order(right).map_or(Datum::Null, |order| Datum::Boolean(ordered(order)))),
        }
    }

    /// Whether two values are the same, however deep.
    pub(super) fn equal(&mut self, one: &Datum<'_>, other: &Datum<'_>, offset: usize) -> Result<bool, Fault> {
        self.steps_at(offset, 1)?;
        match (one, other) {
            (Datum::Null, Datum::Null) => Ok(true),
            (Datum::Boolean(one), Datum::Boolean(other)) => Ok(one == other),
            (Datum::Number(a), Datum::Number(b)) => Ok(a == b || one.as_f64() == other.as_f64()),
            (Datum::Text(one), Datum::Text(other)) => Ok(one == other),
            (Datum::List(one), Datum::List(other)) => {
                if one.len() != other.len() {
                    return Ok(false);
                }
                for (one, other) in one.iter().zip(other.iter()) {
                    if !self.equal(one, other, offset)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Datum::Object(one), Datum::Object(others)) => {
                if one.len() != others.len() {
                    return Ok(false);
                }
                for (name, value) in one.iter() {
                    let Some((_, other)) = others.iter().find(|(known, _)| known == name) else {
                        return Ok(false);
                    };
                    if !self.equal(value, other, offset)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// `[start:stop:step]`, as Python slices.
    fn slice<'e>(
        &mut self,
        of: &Datum<'e>,
        (start, stop, step): (Option<i32>, Option<i32>, i32),
        offset: usize,
    ) -> Result<Datum<'e>, Fault> {
        if step == 0 {
            return Err(Fault {
                offset,
                reason: "a slice goes in steps of 1 or more, or of -1 or less".into(),
            });
        }
        let Datum::List(list) = of else { return Ok(Datum::Null) };
        self.steps_at(offset, list.len())?;
        let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let end = |end: Option<i32>, open: i64| match end.map(i64::from) {
            None => open,
            Some(end) if end < 0 => (end + length).clamp(least, most),
            Some(end) => end.clamp(least, most),
        };
        let (mut at, stop) = if step > 0 {
            (end(start, least), end(stop, most))
        } else {
            (end(start, most), end(stop, least))
        };
        let mut found = Vec::new();
        while (step > 0 && at < stop) || (step < 0 && at > stop) {
            found.extend(usize::try_from(at).ok().and_then(|at| list.get(at)).cloned());
            at += i64::from(step);
        }
        Ok(Datum::list(found))
    }

    /// Counts what is looked at or put into a list.
    pub(super) fn steps_at(&mut self, offset: usize, steps: usize) -> Result<(), Fault> {
        self.steps += steps;
        if self.steps > STEPS { Err(too_much(offset)) } else { Ok(()) }
    }

    /// Counts the bytes of a new text.
    pub(super) fn text_at(&mut self, offset: usize, bytes: usize) -> Result<(), Fault> {
        self.text = self.text.saturating_add(bytes);
        if self.text > TEXT { Err(too_much(offset)) } else { Ok(()) }
    }

    /// How many bytes of new texts there may still be.
    pub(super) fn text_left(&self) -> usize {
        TEXT.saturating_sub(self.text)
    }
}

/// Sets a field: in its place where there is one, else at the end.
pub(super) fn put<'e>(fields: &mut Fields<'e>, name: std::sync::Arc<str>, value: Datum<'e>) {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(field) => field.1 = value,
        None => fields.push((name, value)),
    }
}

/// The element at a place, from the end where it is negative.
fn index<'e>(of: &Datum<'e>, place: i32) -> Datum<'e> {
    let Datum::List(list) = of else { return Datum::Null };
    let at = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
    let at = if place < 0 { list.len().checked_sub(at) } else { Some(at) };
    at.and_then(|at| list.get(at)).cloned().unwrap_or(Datum::Null)
}

/// An expression out of bounds.
pub(super) fn too_much(offset: usize) -> Fault {
    Fault { offset, reason: "it takes too much time or memory: let it choose less at a time".into() }
}

/// Where an expression stands.
pub(super) fn offset_of(ast: &Ast) -> usize {
    match ast {
        Ast::Comparison { offset, .. }
        | Ast::Condition { offset, .. }
        | Ast::Identity { offset }
        | Ast::Expref { offset, .. }
        | Ast::Flatten { offset, .. }
        | Ast::Function { offset, .. }
        | Ast::Field { offset, .. }
        | Ast::Index { offset, .. }
        | Ast::Literal { offset, .. }
        | Ast::MultiList { offset, .. }
        | Ast::MultiHash { offset, .. }
        | Ast::Not { offset, .. }
        | Ast::Projection { offset, .. }
        | Ast::ObjectValues { offset, .. }
        | Ast::And { offset, .. }
        | Ast::Or { offset, .. }
        | Ast::Slice { offset, .. }
        | Ast::Subexpr { offset, .. } => *offset,
    }
}
