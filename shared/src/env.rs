//! The environment, read once into types; every fault is collected before the start fails.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Variables by name, and the faults found in them so far.
#[derive(Debug)]
pub struct Env {
    variables: BTreeMap<String, String>,
    faults: Vec<String>,
}

/// All that is wrong with the environment, a line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not right: {}", .0.join("; "))]
pub struct EnvFaults(pub Vec<String>);

impl Env {
    /// The environment to read from.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect(), faults: Vec::new() }
    }

    /// The variable as `T`, or `default` where it is absent or empty. A value that does not
    /// parse, or that `holds` refuses, is a fault that says what is `expected`.
    pub fn or<T>(&mut self, name: &str, default: T, expected: &str, holds: impl Fn(&T) -> bool) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = match self.variables.get(name) {
            Some(text) if !text.trim().is_empty() => text.trim(),
            _ => return default,
        };
        match text.parse::<T>() {
            Ok(value) if holds(&value) => value,
            Ok(_) => self.fault(name, expected, "out of bounds", default),
            Err(error) => {
                let error = error.to_string();
                self.fault(name, expected, &error, default)
            }
        }
    }

    fn fault<T>(&mut self, name: &str, expected: &str, error: &str, default: T) -> T {
        self.faults.push(format!("{name} must be {expected} ({error})"));
        default
    }

    /// The config made of it, unless there were faults.
    pub fn finish<T>(self, config: T) -> Result<T, EnvFaults> {
        if self.faults.is_empty() { Ok(config) } else { Err(EnvFaults(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn an_absent_or_empty_variable_means_its_default() {
        let mut env = env(&[("EMPTY", " ")]);
        assert_eq!(env.or("ABSENT", 5, "a number", |_| true), 5);
        assert_eq!(env.or("EMPTY", 7, "a number", |_| true), 7);
        assert_eq!(env.finish(()), Ok(()));
    }

    #[test]
    fn every_fault_is_named_at_once_with_what_is_expected() {
        let mut env = env(&[("COUNT", "many"), ("SHARE", "1.5")]);
        let _: u32 = env.or("COUNT", 1, "a whole number", |_| true);
        let _: f64 = env.or("SHARE", 0.8, "above 0 and at most 1", |share| *share <= 1.0);
        let fault = env.finish(()).unwrap_err().to_string();
        assert!(fault.contains("COUNT must be a whole number"), "{fault}");
        assert!(fault.contains("SHARE must be above 0 and at most 1 (out of bounds)"), "{fault}");
    }
}
