//! A simulated fortnight: schedules in many zones, people, overrides, outages, faults and kills from
//! a seed, and every service as it ought to be after every tick. What is down in the morning was told by the
//! bedtime check. The long one is `cargo local simulate --days 365`.

use local::System;
use simulation::{Figures, Options, run};

async fn fortnight(seed: u64) -> Figures {
    let figures =
        run::<System>(Options { days: 14, seed, services: 20, nights: 100 }, |_, _| ()).await.unwrap();
    println!("seed {seed}: {figures}");
    assert_eq!(figures.violations, [""; 0], "seed {seed}");
    figures
}

#[tokio::test(start_paused = true)]
async fn a_fortnight_leaves_every_service_as_it_ought_to_be() {
    for seed in [1, 2026] {
        let figures = fortnight(seed).await;
        let Figures { transitions, comebacks, kills, recoveries, faults, people, overrides, .. } = figures;
        let Figures { machines, waits, twins, midway, hurried, at_once, .. } = figures;
        for (what, happened) in [
            ("transitions", transitions),
            ("machines", machines),
            ("waits", waits),
            ("comebacks", comebacks),
            ("kills", kills),
            ("recoveries", recoveries),
            ("faults", faults),
            ("people", people),
            ("overrides", overrides),
            ("runs that came twice", twins),
            ("overrides in the middle of a run", midway),
            ("starts that somebody came across", hurried),
            ("overrides in one instant", at_once),
        ] {
            assert!(happened > 0, "seed {seed}: no {what}");
        }
        // That all of them were told is a law; here, that there were some, and what they had in their way.
        let nights = &figures.nights;
        assert_eq!(nights.told, nights.down, "seed {seed}: {nights}");
        let harmed = nights.causes.iter().filter(|(cause, it)| !cause.is_harmless() && it.down > 0);
        let twins = nights.causes.iter().filter(|(cause, it)| cause.is_harmless() && it.planted > 0);
        assert!(harmed.count() >= 1 && twins.count() >= 3, "seed {seed}: {nights}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_year() {
    let options = Options { days: 5, seed: 7, services: 10, nights: 100 };
    let one = run::<System>(options, |_, _| ()).await.unwrap();
    assert!(one.nights.checks > 0, "{one}");
    assert_eq!(one, run::<System>(options, |_, _| ()).await.unwrap());
}
