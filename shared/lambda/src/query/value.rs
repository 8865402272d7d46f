//! Values that share what they hold, so that choosing from a body costs no copy of it.

use std::cmp::Ordering;
use std::sync::Arc;

use jmespath::Variable;
use jmespath::ast::Ast;
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

/// The fields of an object, in order.
pub(super) type Fields<'e> = Vec<(Arc<str>, Datum<'e>)>;

/// A value of an expression.
#[derive(Clone, Debug)]
pub(super) enum Datum<'e> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Arc<str>),
    List(Arc<Vec<Self>>),
    Object(Arc<Fields<'e>>),
    /// `&expression`, as an argument of a function.
    Expression(&'e Ast),
}

impl<'e> Datum<'e> {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(list: Vec<Self>) -> Self {
        Self::List(Arc::new(list))
    }

    pub(super) fn object(fields: Fields<'e>) -> Self {
        Self::Object(Arc::new(fields))
    }

    /// A number, whole where it is whole.
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough to be exact")]
    pub(super) fn number(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < EXACT {
            return Self::Number((number as i64).into());
        }
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it counts as true: all but false, null, and what is empty.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(it) => *it,
            Self::Number(_) | Self::Expression(_) => true,
            Self::Text(it) => !it.is_empty(),
            Self::List(it) => !it.is_empty(),
            Self::Object(it) => !it.is_empty(),
        }
    }

    /// The field of an object; null of anything else.
    pub(super) fn field(&self, name: &str) -> Self {
        match self {
            Self::Object(fields) => fields
                .iter()
                .find(|(known, _)| **known == *name)
                .map_or(Self::Null, |(_, value)| value.clone()),
            _ => Self::Null,
        }
    }

    /// Its type, in JMESPath's words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
            Self::Expression(_) => "expression",
        }
    }

    /// A number as one that can be compared.
    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The order of two numbers or two strings, which the AWS CLI compares by code points. Other values have
    /// none.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Number(_), Self::Number(_)) => self.as_f64()?.partial_cmp(&other.as_f64()?),
            _ => None,
        }
    }
}

impl From<Value> for Datum<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(it) => Self::Boolean(it),
            Value::Number(it) => Self::Number(it),
            Value::String(it) => Self::text(it),
            Value::Array(it) => Self::list(it.into_iter().map(Self::from).collect()),
            Value::Object(it) => {
                Self::object(it.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
}

/// A literal, as the parser made it.
impl From<&Variable> for Datum<'_> {
    fn from(value: &Variable) -> Self {
        match value {
            Variable::Null | Variable::Expref(_) => Self::Null,
            Variable::Bool(it) => Self::Boolean(*it),
            Variable::Number(it) => Self::Number(it.clone()),
            Variable::String(it) => Self::text(it.as_str()),
            Variable::Array(it) => Self::list(it.iter().map(|value| Self::from(&**value)).collect()),
            Variable::Object(it) => {
                let fields = it.iter().map(|(name, value)| (name.as_str().into(), Self::from(&**value)));
                Self::object(fields.collect())
            }
        }
    }
}

impl Serialize for Datum<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(it) => serializer.serialize_bool(*it),
            Self::Number(it) => it.serialize(serializer),
            Self::Text(it) => serializer.serialize_str(it),
            Self::List(it) => serializer.collect_seq(it.iter()),
            Self::Object(it) => {
                let mut map = serializer.serialize_map(Some(it.len()))?;
                for (name, value) in it.iter() {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
            Self::Expression(_) => Err(S::Error::custom("an expression is no value")),
        }
    }
}
