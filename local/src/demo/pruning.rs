//! The nightly pruning, while the services sleep whose images it must not take.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use super::DemoFault;
use super::day::{Day, wrapped};
use super::look::list;

const PRUNE: &str = "/v1/images/prune";

impl<W: Write> Day<'_, W> {
    /// A dry run with reasons, then the same for real.
    pub(super) async fn pruning(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 6, 30);
        self.printer.step(
            &self.system.now(),
            "The pruning, while the services sleep: of the images tagged dev…, two stay",
        )?;
        self.printer.say(&format!(
            "The rule is ECR's own, in the stack's config and attached to no repository. First a dry run, as\n\
             every request is that does not say otherwise:\nPOST {PRUNE} {{\"repositories\":[\"users\"]}}"
        ))?;
        let asked = json!({"repositories": ["users"]});
        let (status, dry) = self.send("POST", PRUNE, &asked).await;
        self.printer.say(&format!("It answers {status}: {}", text(&dry, "summary")))?;
        let rows: Vec<Vec<String>> = list(&dry, "items")
            .map(|item| {
                let tags =
                    item.pointer("/before/tags").and_then(Value::as_array).cloned().unwrap_or_default();
                let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
                let reason = shortened(&text(item, "reason"));
                vec![tags.join(" "), text(item, "outcome"), wrapped(&reason)]
            })
            .collect();
        self.printer.table(&["image of users", "outcome", "reason"], &rows)?;
        let kept = rows.iter().any(|row| {
            row.first().is_some_and(|tags| tags == "dev-2")
                && row.get(1).is_some_and(|outcome| outcome == "skipped")
        });
        let wrong = (!kept).then(|| dry.to_string());
        self.printer.told(
            "dev-2 is old, and is kept: the sleeping service users starts with it",
            &Vec::from_iter(wrong),
        )?;
        let before = self.system.images();
        let wrong =
            (dry.get("dryRun") != Some(&json!(true)) || before != self.started_with).then(|| dry.to_string());
        self.printer.told("nothing is deleted by that", &Vec::from_iter(wrong))?;

        let asked = json!({"repositories": ["users"], "planId": dry.get("planId"), "dryRun": false});
        let (status, done) = self.send("POST", PRUNE, &asked).await;
        self.printer.say(&format!(
            "\nThe same with that planId and \"dryRun\": false answers {status}: {}",
            text(&done, "summary")
        ))?;
        let after = self.system.images();
        let (gone, left) = compared(&before, &after);
        let planned = changed(&dry);
        let wrong = (status != 200 || gone != planned || planned == 0)
            .then(|| format!("{gone} gone, {planned} planned: {done}"));
        self.printer.told("what the dry run said, and nothing else, is gone", &Vec::from_iter(wrong))?;
        self.score.pruned(gone, left);
        let (_, again) = self.send("POST", PRUNE, &json!({"repositories": ["users"]})).await;
        let wrong = (changed(&again) != 0).then(|| again.to_string());
        self.printer.told("a second run would find nothing to do", &Vec::from_iter(wrong))?;
        Ok(())
    }
}

/// How many images are gone, and how many are left.
fn compared(before: &BTreeMap<String, usize>, after: &BTreeMap<String, usize>) -> (u64, u64) {
    let sum = |of: &BTreeMap<String, usize>| of.values().sum::<usize>();
    let (before, after) = (sum(before), sum(after));
    (
        u64::try_from(before.saturating_sub(after)).unwrap_or_default(),
        u64::try_from(after).unwrap_or_default(),
    )
}

fn text(of: &Value, field: &str) -> String {
    of.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn changed(report: &Value) -> u64 {
    report.pointer("/counts/changed").and_then(Value::as_u64).unwrap_or_default()
}

/// A reason with its digests cut: twelve digits tell them apart here.
pub(super) fn shortened(reason: &str) -> String {
    let mut words = reason.split("sha256:");
    let mut short = words.next().unwrap_or_default().to_owned();
    for rest in words {
        let digits: String = rest.chars().take(12).collect();
        let rest: String = rest.chars().skip_while(char::is_ascii_hexdigit).collect();
        short.push_str(&digits);
        short.push_str(&rest);
    }
    short
}
