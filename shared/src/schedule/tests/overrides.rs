use proptest::prelude::*;

use super::*;

const FROM: &str = "2026-11-23T19:00:00Z";
const UNTIL: &str = "2026-11-23T22:00:00Z";

fn kept(state: Want, by: &str, reason: &str) -> Override {
    Override::new(state, instant(FROM), instant(UNTIL), by, reason).unwrap()
}

#[test]
fn an_override_prints_as_the_documents_say_and_is_read_back() {
    let deploy = kept(Want::On, "arn:aws:iam::123456789012:user/alice", "late deploy");
    let text = "on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by arn:aws:iam::123456789012:user/alice : late deploy";
    assert_eq!(deploy.to_string(), text);
    assert_eq!(text.parse(), Ok(deploy));
    let quiet = kept(Want::Hold, "Jane Doe", "");
    assert_eq!(quiet.to_string(), "hold from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by Jane Doe");
    assert_eq!(quiet.to_string().parse(), Ok(quiet));
}

#[test]
fn it_is_live_from_its_start_until_its_end_and_ends_early_when_told() {
    let it = kept(Want::Off, "alice", "x");
    for (at, live, over) in [
        ("2026-11-23T18:59:59Z", false, false),
        (FROM, true, false),
        ("2026-11-23T21:59:59Z", true, false),
        (UNTIL, false, true),
    ] {
        assert_eq!((it.is_live(instant(at)), it.is_over(instant(at))), (live, over), "{at}");
    }
    let early = instant("2026-11-23T20:00:00.7008Z");
    let ended = it.clone().ended(early);
    assert_eq!(ended.until(), instant("2026-11-23T20:00:00.700Z"));
    assert!(ended.is_over(early) && !ended.is_live(early));
    assert_eq!(it.clone().ended(instant("2026-11-24T00:00:00Z")), it, "never later");
    assert_eq!(it.clone().ended(instant("2026-11-22T00:00:00Z")).until(), it.from(), "nor before its start");
}

#[test]
fn what_tags_forbid_becomes_an_underscore_and_the_text_is_cut_at_a_character() {
    let it = kept(Want::On, "bob", "héllo, «wörld»!\n😀 \u{301}");
    assert_eq!(it.reason(), "héllo_ _wörld____ _");
    let long = kept(Want::On, "bob", &"é".repeat(500));
    assert_eq!(long.to_string().chars().count(), 256);
    assert_eq!(long.to_string().parse(), Ok(long));
    let all_actor = kept(Want::Hold, &"a".repeat(500), "gone");
    assert_eq!((all_actor.to_string().len(), all_actor.reason()), (256, ""));
    assert_eq!(kept(Want::On, "eve : hold until", "x").by(), "eve _ hold until");
}

#[test]
fn an_unreadable_override_says_what_is_wrong_and_how_one_reads() {
    for (text, says) in [
        ("", "its state \"\""),
        ("ON from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by a : b", "its state \"ON\""),
        ("on until 2026-11-23T22:00:00Z by a : b", "\"from\" is missing where it says \"until\""),
        ("on from now until 2026-11-23T22:00:00Z by a : b", "its from \"now\""),
        ("on from 2026-11-23T19:00:00Z to 2026-11-23T22:00:00Z by a : b", "\"until\" is missing"),
        ("on from 2026-11-23T19:00:00Z until 22:00 by a : b", "its until \"22:00\""),
        ("on from 2026-11-23T19:00:00 until 2026-11-23T22:00:00Z by a : b", "its from"),
        ("on from 2026-11-23T22:00:00Z until 2026-11-23T19:00:00Z by a : b", "before it starts"),
        ("on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z", "\"by\" is missing"),
        ("on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by", "nobody stands after"),
        ("on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by  : b", "nobody stands after"),
    ] {
        let fault = text.parse::<Override>().expect_err(text).to_string();
        assert!(fault.contains(says) && fault.contains("an override reads like"), "{text:?} gave {fault}");
    }
    assert!(Override::new(Want::On, instant(UNTIL), instant(FROM), "a", "b").is_err());
    assert!(Override::new(Want::On, instant(FROM), instant(UNTIL), " ", "b").is_err());
}

#[test]
fn a_hand_written_override_may_use_another_offset() {
    let it: Override =
        "off from 2026-11-23T20:00:00+01:00 until 2026-11-23T23:00:00+01:00 by alice : x".parse().unwrap();
    assert_eq!((it.from(), it.until()), (instant(FROM), instant(UNTIL)));
}

#[test]
fn letters_and_digits_of_every_script_are_kept_and_what_aws_forbids_is_replaced() {
    for (reason, kept) in [
        ("Störung läuft, bitte warten", "Störung läuft_ bitte warten"),
        ("инцидент №5", "инцидент _5"),
        ("障害対応中", "障害対応中"),
        ("حادثة ٣", "حادثة ٣"),
        ("תקלה", "תקלה"),
        // A vowel sign is a mark, which tags forbid; so is an accent by itself.
        ("घटना", "घटन_"),
        ("e\u{301}", "e_"),
        ("a\u{a0}b\nc", "a_b_c"),
        ("😀", "_"),
    ] {
        let it = Override::new(Want::Hold, instant(FROM), instant(UNTIL), "alice", reason).unwrap();
        assert_eq!(it.reason(), kept);
    }
}

proptest! {
    #[test]
    fn any_actor_and_reason_make_a_tag_that_aws_takes_and_that_is_read_back(
        by in ".{1,120}", reason in ".{0,300}", hours in 0..200_i64,
    ) {
        let until = instant(FROM) + SignedDuration::from_hours(hours);
        if let Ok(it) = Override::new(Want::Off, instant(FROM), until, &by, &reason) {
            let text = it.to_string();
            prop_assert!(text.chars().count() <= 256);
            prop_assert!(text.chars().all(crate::tags::is_allowed_in_values), "{}", text);
            prop_assert_eq!(text.parse(), Ok(it));
        } else {
            prop_assert!(by.trim().is_empty());
        }
    }

    #[test]
    fn any_text_is_an_override_or_a_fault(text in prop_oneof![".{0,80}", "(on|off|from|until|by| |:|2026-11-23T19:00:00Z){0,20}"]) {
        if let Ok(it) = text.parse::<Override>() {
            prop_assert_eq!(it.to_string().parse(), Ok(it));
        }
    }
}

#[test]
fn it_keeps_the_milliseconds_of_its_start_and_ends_at_a_whole_second() {
    let of = |from, until| Override::new(Want::On, instant(from), instant(until), "bob", "").unwrap();
    let it = of("2026-11-23T18:00:00.756Z", "2026-11-23T20:00:00.756Z");
    assert_eq!(it.from(), instant("2026-11-23T18:00:00.756Z"));
    assert_eq!(it.until(), instant("2026-11-23T20:00:00Z"), "the tick at 20:00 finds it over");
    let short = of("2026-11-23T18:00:00.200Z", "2026-11-23T18:00:00.900Z");
    assert_eq!(short.until(), instant("2026-11-23T18:00:00.900Z"), "but never before its start");
}
