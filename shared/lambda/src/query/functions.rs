//! JMESPath's functions, as jmespath.py has them.
//!
//! Source: <https://jmespath.org/specification.html#built-in-functions>

use std::cmp::Ordering;
use std::sync::Arc;

use jmespath::ast::Ast;
use serde_json::Number;
use shared::call::bounded_json;

use crate::query::Fault;
use crate::query::evaluate::{Evaluation, offset_of, put, too_much};
use crate::query::value::{Datum, Fields};

/// Where a call's name stands: the parser notes where its parenthesis opens.
fn name_of_call(name: &str, offset: usize) -> usize {
    offset.saturating_sub(name.len())
}

/// How many arguments a function takes.
enum Arity {
    Exactly(usize),
    AtLeast(usize),
}

fn arity(name: &str) -> Option<Arity> {
    Some(match name {
        "abs" | "avg" | "ceil" | "floor" | "keys" | "length" | "max" | "min" | "reverse" | "sort" | "sum"
        | "to_array" | "to_number" | "to_string" | "type" | "values" => Arity::Exactly(1),
        "contains" | "ends_with" | "join" | "map" | "max_by" | "min_by" | "sort_by" | "starts_with" => {
            Arity::Exactly(2)
        }
        "merge" | "not_null" => Arity::AtLeast(1),
        _ => return None,
    })
}

/// Whether each function that an expression names is there and takes so many arguments: known before anything
/// is done, and not once there is something that it is called on.
pub(super) fn check(ast: &Ast) -> Result<(), Fault> {
    match ast {
        Ast::Function { name, args, offset } => {
            let offset = &name_of_call(name, *offset);
            let says = |takes: String| {
                Err(Fault { offset: *offset, reason: format!("{name}() takes {takes}, not {}", args.len()) })
            };
            match arity(name) {
                None => {
                    return Err(Fault { offset: *offset, reason: format!("there is no function {name}()") });
                }
                Some(Arity::Exactly(1)) if args.len() != 1 => return says("1 argument".into()),
                Some(Arity::Exactly(n)) if args.len() != n => return says(format!("{n} arguments")),
                Some(Arity::AtLeast(n)) if args.len() < n => return says(format!("at least {n} argument")),
                Some(_) => {}
            }
            args.iter().try_for_each(|arg| match arg {
                Ast::Expref { ast, .. } => check(ast),
                arg => check(arg),
            })
        }
        Ast::Expref { .. } => {
            let reason = "&expression is an argument of a function".into();
            Err(Fault { offset: offset_of(ast), reason })
        }
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => Ok(()),
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => check(node),
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. }
        | Ast::Condition { predicate: lhs, then: rhs, .. } => check(lhs).and_then(|()| check(rhs)),
        Ast::MultiList { elements, .. } => elements.iter().try_for_each(check),
        Ast::MultiHash { elements, .. } => elements.iter().try_for_each(|pair| check(&pair.value)),
    }
}

impl Evaluation {
    /// The value of a function.
    pub(super) fn call<'e>(
        &mut self,
        name: &str,
        args: &[Datum<'e>],
        offset: usize,
    ) -> Result<Datum<'e>, Fault> {
        use Datum::{Boolean, Expression, List, Null, Number, Object, Text};
        let offset = name_of_call(name, offset);
        for arg in args {
            let length = match arg {
                List(list) => list.len(),
                Object(fields) => fields.len(),
                _ => 0,
            };
            self.steps_at(offset, length)?;
        }
        let value = match (name, args) {
            ("abs", [Number(number)]) => Some(abs(number)),
            ("avg", [List(list)]) if list.is_empty() => Some(Null),
            ("avg", [List(list)]) => numbers(list).map(|numbers| average(&numbers)),
            ("ceil", [Number(_)]) => args.first().and_then(Datum::as_f64).map(|it| Datum::number(it.ceil())),
            ("contains", [List(list), what]) => {
                let mut found = false;
                for element in list.iter() {
                    found = found || self.equal(element, what, offset)?;
                }
                Some(Boolean(found))
            }
            ("contains", [Text(text), Text(what)]) => Some(Boolean(text.contains(&**what))),
            ("ends_with", [Text(text), Text(end)]) => Some(Boolean(text.ends_with(&**end))),
            ("floor", [Number(_)]) => {
                args.first().and_then(Datum::as_f64).map(|it| Datum::number(it.floor()))
            }
            ("join", [Text(between), List(list)]) => {
                texts(list).map(|texts| self.join(between, &texts, offset)).transpose()?
            }
            ("keys", [Object(fields)]) => {
                Some(Datum::list(fields.iter().map(|(name, _)| Text(name.clone())).collect()))
            }
            ("length", [Text(text)]) => Some(Number(text.chars().count().into())),
            ("length", [List(list)]) => Some(Number(list.len().into())),
            ("length", [Object(fields)]) => Some(Number(fields.len().into())),
            ("map", [Expression(by), List(list)]) => {
                let values: Result<_, Fault> = list.iter().map(|element| self.value(by, element)).collect();
                Some(Datum::list(values?))
            }
            ("max", [List(list)]) => {
                are_alike(list).then(|| best(list.iter().zip(list.iter()), Ordering::is_gt))
            }
            ("min", [List(list)]) => {
                are_alike(list).then(|| best(list.iter().zip(list.iter()), Ordering::is_lt))
            }
            ("max_by" | "min_by" | "sort_by", [List(list), Expression(by)]) => {
                let keys: Result<Vec<_>, Fault> =
                    list.iter().map(|element| self.value(by, element)).collect();
                let keys = keys?;
                are_alike(&keys).then(|| match name {
                    "max_by" => best(keys.iter().zip(list.iter()), Ordering::is_gt),
                    "min_by" => best(keys.iter().zip(list.iter()), Ordering::is_lt),
                    _ => sorted(keys.iter().zip(list.iter()).collect()),
                })
            }
            ("merge", objects) => merge(objects),
            ("not_null", values) => Some(values.iter().find(|it| !it.is_null()).cloned().unwrap_or(Null)),
            ("reverse", [List(list)]) => Some(Datum::list(list.iter().rev().cloned().collect())),
            ("reverse", [Text(text)]) => {
                self.text_at(offset, text.len())?;
                Some(Datum::text(text.chars().rev().collect::<String>()))
            }
            ("sort", [List(list)]) => are_alike(list).then(|| sorted(list.iter().zip(list.iter()).collect())),
            ("starts_with", [Text(text), Text(start)]) => Some(Boolean(text.starts_with(&**start))),
            ("sum", [List(list)]) => numbers(list).map(|numbers| sum(&numbers)),
            ("to_array", [List(_)]) | ("to_string", [Text(_)]) => args.first().cloned(),
            ("to_array", [one]) => Some(Datum::list(vec![one.clone()])),
            ("to_number", [one]) => Some(to_number(one)),
            ("to_string", [one]) if !matches!(one, Expression(_)) => Some(self.printed(one, offset)?),
            ("type", [one]) if !matches!(one, Expression(_)) => Some(Datum::text(one.kind())),
            ("values", [Object(fields)]) => {
                Some(Datum::list(fields.iter().map(|(_, value)| value.clone()).collect()))
            }
            _ => None,
        };
        value.ok_or_else(|| {
            let kinds: Vec<String> = args.iter().map(described).collect();
            Fault { offset, reason: format!("{name}() does not take ({})", kinds.join(", ")) }
        })
    }

    fn join<'e>(&mut self, between: &str, texts: &[&str], offset: usize) -> Result<Datum<'e>, Fault> {
        let bytes: usize = texts.iter().map(|text| text.len() + between.len()).sum();
        self.text_at(offset, bytes)?;
        Ok(Datum::text(texts.join(between)))
    }

    fn printed<'e>(&mut self, value: &Datum<'e>, offset: usize) -> Result<Datum<'e>, Fault> {
        let text = bounded_json(value, self.text_left()).ok_or_else(|| too_much(offset))?;
        self.text_at(offset, text.len())?;
        Ok(Datum::text(text))
    }
}

/// A value's type, of a list with its elements': `array of number, string`.
fn described(value: &Datum<'_>) -> String {
    let Datum::List(list) = value else { return value.kind().to_owned() };
    let mut kinds: Vec<&str> = Vec::new();
    for element in list.iter() {
        if !kinds.contains(&element.kind()) {
            kinds.push(element.kind());
        }
    }
    if kinds.is_empty() { "empty array".into() } else { format!("array of {}", kinds.join(" and ")) }
}

fn numbers<'a>(list: &'a [Datum<'_>]) -> Option<Vec<&'a Number>> {
    let number = |element: &'a Datum<'_>| match element {
        Datum::Number(number) => Some(number),
        _ => None,
    };
    list.iter().map(number).collect()
}

fn texts<'a>(list: &'a [Datum<'_>]) -> Option<Vec<&'a str>> {
    let text = |element: &'a Datum<'_>| match element {
        Datum::Text(text) => Some(&**text),
        _ => None,
    };
    list.iter().map(text).collect()
}

/// Whether all are numbers, or all are strings.
fn are_alike(keys: &[Datum<'_>]) -> bool {
    let Some(first) = keys.first() else { return true };
    keys.iter().all(|key| first.order(key).is_some())
}

/// What has the greatest or least key; the first of equal ones, and null of none.
fn best<'a, 'e: 'a>(
    pairs: impl Iterator<Item = (&'a Datum<'e>, &'a Datum<'e>)>,
    is_better: fn(Ordering) -> bool,
) -> Datum<'e> {
    let better = |best: (&'a Datum<'e>, &'a Datum<'e>), next: (&'a Datum<'e>, &'a Datum<'e>)| {
        if next.0.order(best.0).is_some_and(is_better) { next } else { best }
    };
    pairs.reduce(better).map_or(Datum::Null, |(_, value)| value.clone())
}

fn sorted<'e>(mut pairs: Vec<(&Datum<'e>, &Datum<'e>)>) -> Datum<'e> {
    pairs.sort_by(|(one, _), (other, _)| one.order(other).unwrap_or(Ordering::Equal));
    Datum::list(pairs.into_iter().map(|(_, value)| value.clone()).collect())
}

fn abs<'e>(number: &Number) -> Datum<'e> {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Datum::Number(whole.unsigned_abs().into()),
        (None, Some(it)) if number.is_f64() => Datum::number(it.abs()),
        _ => Datum::Number(number.clone()),
    }
}

/// The sum; of whole numbers it is whole.
fn sum<'e>(numbers: &[&Number]) -> Datum<'e> {
    let whole: Option<i64> =
        numbers.iter().try_fold(0_i64, |sum, number| number.as_i64().and_then(|n| sum.checked_add(n)));
    match whole {
        Some(whole) => Datum::Number(whole.into()),
        None => Datum::number(numbers.iter().filter_map(|number| number.as_f64()).sum()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "lists are short")]
fn average<'e>(numbers: &[&Number]) -> Datum<'e> {
    let sum: f64 = numbers.iter().filter_map(|number| number.as_f64()).sum();
    Datum::number(sum / numbers.len() as f64)
}

fn to_number<'e>(value: &Datum<'e>) -> Datum<'e> {
    match value {
        Datum::Number(_) => value.clone(),
        Datum::Text(text) => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
            (Ok(whole), _) => Datum::Number(whole.into()),
            (Err(_), Ok(number)) if number.is_finite() => Datum::number(number),
            _ => Datum::Null,
        },
        _ => Datum::Null,
    }
}

fn merge<'e>(objects: &[Datum<'e>]) -> Option<Datum<'e>> {
    let mut merged = Fields::new();
    for object in objects {
        let Datum::Object(fields) = object else { return None };
        for (name, value) in fields.iter() {
            put(&mut merged, Arc::clone(name), value.clone());
        }
    }
    Some(Datum::object(merged))
}
