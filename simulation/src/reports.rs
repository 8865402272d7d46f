//! What a run says: a service whose record was lost is told at once, and once.

use serde_json::Value;

use crate::SystemUnderTest;
use crate::model::{ADOPTED_WITHOUT_SIZE, SETTLED};
use crate::year::{Seen, Year};

impl<S: SystemUnderTest> Year<S> {
    /// Whether a run that nothing disturbed says what it ought to of services without a size.
    pub(crate) fn told(&mut self, seen: &[Seen], report: &Value) {
        let items = report.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let (mut faults, mut told) = (Vec::new(), 0);
        for (service, Seen { expected, .. }) in self.fleet.services.iter().zip(seen) {
            let path = self.fleet.path(service);
            let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
            let item = items.iter().find(|item| text(item, "resource").as_ref() == Some(&path));
            let failed = item.is_some_and(|item| {
                text(item, "outcome").as_deref() == Some("failed")
                    && text(item, "code").as_deref() == Some("noSavedSize")
            });
            let lost = expected.rule == ADOPTED_WITHOUT_SIZE;
            told += u64::from(lost);
            let settled = SETTLED.contains(&expected.rule);
            if lost != failed && (lost || settled) {
                faults.push((lost, path, format!("by {:?} its item is {item:?}", expected.rule)));
            }
        }
        self.figures.told += told;
        for (lost, path, how) in faults {
            let law = if lost { "a lost record is told at once" } else { "a lost record is told once" };
            self.violation(law, &path, &how);
        }
    }
}
