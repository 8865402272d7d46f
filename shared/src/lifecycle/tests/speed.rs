//! A hundred repositories of a thousand images: nothing here is slower than n log n.

use super::*;

#[test]
fn a_hundred_thousand_images() {
    let rules = json!([
        rule(1, &prefix(&["dev"]), "imageCountMoreThan", 100),
        rule(2, &pattern(&["*prod*"]), "sinceImagePushed", 30),
        rule(3, &untagged(), "sinceImagePushed", 7),
        rule(9, &any_tag(), "imageCountMoreThan", 500),
    ]);
    let policy = policy(&rules);
    // In one repository, where what is quadratic would be seen; and with relations of every kind.
    let images: Vec<Image> = (0..100_000_i64)
        .map(|number| {
            let name = format!("{number:x}");
            let tag = format!("{}-{number}", if number % 3 == 0 { "dev" } else { "a-prod" });
            let children = [format!("{:x}", number + 1), format!("{:x}", number + 2)];
            match number % 4 {
                0 => index(&name, &[&tag], number % 90, &[&children[0], &children[1]]),
                1 => image(&name, &[], number % 90),
                2 => image(&name, &[&tag], number % 90),
                _ => referrer(&name, &format!("{:x}", number - 3)),
            }
        })
        .collect();
    let decisions = evaluate(&policy, &images, now());
    assert!(decisions.iter().filter(|decision| decision.verdict == Verdict::Expire).count() > 30_000);
}
