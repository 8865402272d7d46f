//! Other regions in which this account's images are in use.

use std::str::FromStr;

use shared_aws::Aws;

use super::Cache;

/// Regions by their names, comma-separated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions(pub Vec<String>);

impl FromStr for Regions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        match names.iter().find(|name| !is_region(name)) {
            Some(name) => Err(format!("{name:?} is no region's name")),
            None => Ok(Self(names)),
        }
    }
}

/// `sa-east-1`, `us-gov-west-1`.
pub(super) fn is_region(name: &str) -> bool {
    let mut parts = name.split('-');
    let number =
        parts.next_back().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    number && words.len() >= 2 && words.iter().all(is_word)
}

/// A region, as it is asked.
#[derive(Debug)]
pub struct InUseRegion {
    /// `us-east-1`.
    pub name: String,
    /// AWS there.
    pub aws: Aws,
    /// What the process knows of it already.
    pub cache: Cache,
}

impl InUseRegion {
    /// The region of this name, of the account of `aws`.
    #[must_use]
    pub fn new(aws: &Aws, name: &str) -> Self {
        Self { name: name.to_owned(), aws: aws.in_region(name), cache: Cache::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_named_as_aws_names_them() {
        let regions: Regions = "us-east-1, sa-east-1,us-gov-west-1,us-east-1".parse().unwrap();
        assert_eq!(regions.0, ["sa-east-1", "us-east-1", "us-gov-west-1"]);
        for text in ["us-east-1a", "useast1", "us_east_1", "us-east-1 eu-west-1", "-1", "east-1"] {
            assert!(text.parse::<Regions>().is_err(), "{text}");
        }
    }
}
