//! Durations in requests: ISO 8601, without sign, months or years.

use std::str::FromStr;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use schemars::JsonSchema;
use serde::Deserialize;

/// Weeks and days before the `T`; hours, minutes and seconds after it, the last of which may have a fraction.
const PATTERN: &str = concat!(
    "^P(",
    "([0-9]+W)?([0-9]+D)?T",
    "(([0-9]+H)?([0-9]+M)?[0-9]+([.,][0-9]{1,9})?S|([0-9]+H)?[0-9]+([.,][0-9]{1,9})?M|[0-9]+([.,][0-9]{1,9})?H)",
    "|[0-9]+W([0-9]+D)?|[0-9]+D",
    ")$"
);

/// A duration such as `PT15M`, `PT2H` or `P1D`; a day has 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(into = "String", extend("pattern" = PATTERN, "examples" = ["PT15M", "PT2H", "P1D"]))]
pub struct IsoDuration(SignedDuration);

impl IsoDuration {
    /// A duration of whole minutes.
    #[must_use]
    pub const fn from_mins(minutes: i64) -> Self {
        Self(SignedDuration::from_mins(minutes))
    }

    /// A duration of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(SignedDuration::from_secs(seconds))
    }

    /// The duration, zero or above.
    #[must_use]
    pub const fn get(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for IsoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault =
            || format!("{text:?} is not a duration like PT15M, PT2H or P1D (no sign, months or years)");
        // jiff takes more than the standard: small letters, and years and months where they are 0.
        let (date, time) = text.split_once('T').unwrap_or((text, "0S"));
        let is_date = |b: u8| b.is_ascii_digit() || matches!(b, b'P' | b'W' | b'D');
        let is_time = |b: u8| b.is_ascii_digit() || matches!(b, b'H' | b'M' | b'S' | b'.' | b',');
        if !text.starts_with('P') || !date.bytes().all(is_date) || !time.bytes().all(is_time) {
            return Err(fault());
        }
        let span: Span = text.parse().map_err(|_| fault())?;
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map(Self).map_err(|_| fault())
    }
}

impl TryFrom<String> for IsoDuration {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_8601_without_sign_months_or_years_is_read() {
        for (text, minutes) in
            [("PT15M", 15), ("PT2H", 120), ("P1D", 1_440), ("P1W", 10_080), ("P1DT1H", 1_500)]
        {
            assert_eq!(text.parse(), Ok(IsoDuration::from_mins(minutes)), "{text}");
        }
        for text in [
            "",
            "15M",
            "-PT15M",
            "+PT15M",
            "P1M",
            "P1Y",
            "P0Y1D",
            "PT1h",
            "P1dT1H",
            "PT-5M",
            "15 minutes",
            "P",
            "pt15m",
            "PT15m",
            "P0M1D",
        ] {
            assert!(text.parse::<IsoDuration>().is_err(), "{text}");
        }
    }
}
