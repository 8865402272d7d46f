//! Writing the list of what is in use to where others read it.

use shared::report::{Outcome, Warning};
use shared::s3::ObjectLocation;
use shared::{Code, Refusal};

use crate::effect::WrittenList;
use crate::used::{InUse, SourceFailure};

/// One call of `PutObject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteList {
    /// Where.
    pub at: ObjectLocation,
    /// The list, as JSON.
    pub json: String,
}

/// A plan to write a list.
pub type ListPlan = shared::Plan<WriteList, WrittenList>;

/// The plan to write this list of what is in use. Whoever reads it deletes what is not in it, so one that is not whole
/// is not written: yesterday's is good for a day.
#[must_use]
pub fn list(in_use: &InUse, list: WriteList, written: WrittenList) -> ListPlan {
    let mut plan = ListPlan::default();
    let item = |outcome, code, reason| shared::report::Item::new(&list.at, outcome, code, reason);
    if let Some(Refusal { code, reason }) = not_whole(in_use) {
        plan.decided(item(Outcome::Failed, Some(code), reason));
        return plan;
    }
    let reason = format!("{} images are in use here", written.images);
    let mut item = item(Outcome::Changed, None, reason);
    item.after = Some(written);
    plan.change(item, [(0, vec![list])]);
    plan
}

/// What whoever reads the list will stumble over, and its owner can mend. `untold` are the repositories whose tags
/// have no digests in it.
#[must_use]
pub fn list_warnings(in_use: &InUse, untold: &[SourceFailure]) -> Vec<Warning> {
    let unreadable = in_use.found.unreadable.iter().map(|it| {
        let detail =
            format!("{:?} can't be read, and nothing is deleted where it may be: {}", it.text, it.fault);
        Warning::new(Code::SourceUnreadable, detail)
    });
    let unknown = in_use.found.unknown.iter().map(|it| {
        let detail = format!("no revision tells which image of {} {} starts with", it.image, it.service);
        Warning::new(Code::UnknownPinnedDigest, detail)
    });
    let untold = untold.iter().map(|it| Warning::new(it.code, it.reason.clone()));
    unreadable.chain(unknown).chain(untold).take(WARNED).collect()
}

/// So many warnings at the most.
const WARNED: usize = 20;

fn not_whole(in_use: &InUse) -> Option<Refusal> {
    if !in_use.failed.is_empty() {
        let too_slow = in_use.failed.iter().any(|it| it.code == Code::OutOfTime);
        let code = if too_slow { Code::UseTooLarge } else { Code::SourceUnreadable };
        let failed = in_use.failed.iter().map(|it| format!("{} ({})", it.source, it.reason));
        let failed = failed.collect::<Vec<_>>().join("; ");
        return Some(Refusal {
            code,
            reason: format!("nothing is written, because the list would lack {failed}"),
        });
    }
    (!in_use.off.is_empty()).then(|| {
        let off = in_use.off.join(", ");
        let reason =
            format!("nothing is written, because SOURCES_OFF leaves out {off}, and nobody takes such a list");
        Refusal { code: Code::SourceOff, reason }
    })
}
