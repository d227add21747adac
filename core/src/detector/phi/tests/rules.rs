//! Which heartbeats are samples, what proves a life, and which settings work.

use super::*;

fn heard_at_seconds(detector: &Detector, seconds: core::ops::Range<u64>) -> History {
    let mut peer = History::new();
    for second in seconds {
        detector.on_heartbeat(&mut peer, second, at(second * 1000));
    }
    peer
}

#[test]
fn twenty_copies_of_each_heartbeat_change_nothing() {
    let detector = detector(Settings::lan());
    let once = heard_at_seconds(&detector, 0..50);
    let mut often = History::new();
    for second in 0..50 {
        detector.on_heartbeat(&mut often, second, at(second * 1000));
        for copy in 1..20 {
            let old = second.saturating_sub(copy % 3);
            assert_eq!(detector.on_heartbeat(&mut often, old, at(second * 1000 + copy)), Heard::Duplicate);
        }
    }
    assert_eq!(often.window(), once.window());
    assert_eq!(often.last_heard(), once.last_heard());
}

#[test]
fn a_burst_is_a_sign_of_life_but_no_sample() {
    let detector = detector(Settings { interval_min: millis(10), ..Settings::lan() });
    let mut peer = heard_at_seconds(&detector, 0..10);
    let before = peer.window().clone();
    assert_eq!(detector.on_heartbeat(&mut peer, 10, at(9009)), Heard::Burst);
    assert_eq!((peer.window(), peer.last_heard()), (&before, Some(at(9009))));
    assert_eq!(detector.on_heartbeat(&mut peer, 11, at(9019)), Heard::Sampled);
    assert_eq!(peer.window().len(), before.len() + 1);
}

#[test]
fn a_long_interval_is_cut() {
    let detector = detector(Settings { interval_max: SECOND * 2, ..Settings::lan() });
    let mut peer = heard_at_seconds(&detector, 0..1);
    assert_eq!(detector.on_heartbeat(&mut peer, 1, at(4000)), Heard::Sampled);
    assert_eq!(peer.window(), &window(64, [750, 1250, 2000]));
}

#[test]
fn an_interval_that_ends_unavailable_is_no_sample() {
    let detector = detector(Settings::lan());
    let mut peer = heard_at_seconds(&detector, 0..10);
    let before = peer.window().clone();
    let end = detector.deadline(&peer, 8.0).expect("heard of");
    let mut earlier = peer.clone();
    let just_before = Instant::from_nanos(end.as_nanos() - 1);
    assert_eq!(detector.on_heartbeat(&mut earlier, 10, just_before), Heard::Sampled);
    assert_eq!(detector.on_heartbeat(&mut peer, 10, end), Heard::Returned);
    assert_eq!((peer.window(), peer.last_heard()), (&before, Some(end)));
}

#[test]
fn time_that_goes_back_stands_still() {
    let detector = detector(Settings::lan());
    let mut peer = heard_at_seconds(&detector, 0..10);
    assert_eq!(detector.phi(&peer, at(1)), detector.phi(&peer, at(9000)));
    assert_eq!(detector.on_heartbeat(&mut peer, 10, at(1)), Heard::Burst);
    assert_eq!(peer.last_heard(), Some(at(9000)));
    assert_eq!(detector.phi(&peer, Instant::from_nanos(u64::MAX)), 1000.0, "clamped");
}

#[test]
fn a_stored_heartbeat_proves_nothing() {
    let detector = detector(Settings::lan());
    let proven = |seconds| heard_at_seconds(&detector, 0..seconds).is_proven();
    assert_eq!([0, 1, 2, 3, 400].map(proven), [false, false, false, true, true]);
    let mut echo = heard_at_seconds(&detector, 0..1);
    for copy in 1..9 {
        detector.on_heartbeat(&mut echo, 0, at(copy));
    }
    assert!(!echo.is_proven(), "a repetition is no rise");
    echo.on_reply();
    assert!(echo.is_proven());
    assert_eq!(echo.last_heard(), Some(at(0)), "a reply is no heartbeat");
}

#[test]
fn several_consumers_have_several_deadlines() {
    let detector = detector(Settings::lan());
    let peer = heard_at_seconds(&detector, 0..10);
    let deadlines = [0.5, 1.0, 8.0, 12.0, 1000.0].map(|threshold| detector.deadline(&peer, threshold));
    assert!(deadlines.iter().all(Option::is_some));
    assert!(deadlines.is_sorted_by(|a, b| a < b));
}

#[test]
fn what_is_never_reached_has_no_deadline() {
    let detector = detector(Settings::lan());
    let peer = heard_at_seconds(&detector, 0..10);
    assert_eq!(detector.deadline(&History::new(), 8.0), None);
    assert_eq!(detector.timeout(&Window::default(), 8.0), None);
    assert_eq!([1000.1, f64::INFINITY, f64::NAN].map(|threshold| detector.deadline(&peer, threshold)), [None; 3]);
    assert_eq!([0.0, -1.0].map(|threshold| detector.deadline(&peer, threshold)), [peer.last_heard(); 2]);
}

#[test]
fn a_window_takes_memory_as_it_fills() {
    let rooms = |capacity| [0, 1, 5, 9, 200].map(|samples| window(capacity, 0..samples).room());
    assert_eq!(rooms(64), [0, 4, 8, 16, 64]);
    assert_eq!(rooms(7), [0, 4, 7, 7, 7], "and no more than it may");
    assert_eq!(Window::default(), window(64, []));
    assert!(window(64, []).is_empty());
    assert_eq!((window(64, []).mean(), window(64, []).deviation()), (0.0, 0.0));
}

#[test]
fn the_longest_samples_do_not_overflow() {
    let mut window = window(u16::MAX, []);
    for _ in 0..=u16::MAX {
        window.push(Duration::MAX);
    }
    assert_eq!((window.mean(), window.deviation()), (f64::from(u32::MAX), 0.0));
}

#[test]
fn settings_out_of_range_are_refused() {
    type Change = fn(&mut Settings);
    let broken: [(&str, Change); 12] = [
        ("deviation_min", |s| s.deviation_min = Duration::ZERO),
        ("deviation_min", |s| s.deviation_min = SECOND * 3601),
        ("pause", |s| s.pause = SECOND * 3601),
        ("first_interval", |s| s.first_interval = Duration::ZERO),
        ("first_interval", |s| s.first_interval = SECOND * 3601),
        ("interval_min", |s| s.interval_min = SECOND * 3601),
        ("interval_max", |s| (s.interval_min, s.interval_max) = (SECOND * 3, SECOND * 2)),
        ("interval_max", |s| s.interval_max = SECOND * 3601),
        ("phi_max", |s| s.phi_max = 1.1e6),
        ("phi_max", |s| s.phi_max = f64::NAN),
        ("threshold", |s| s.threshold = 1000.1),
        ("threshold", |s| s.threshold = 0.0),
    ];
    assert!(Detector::new(Settings::default()).is_ok());
    for (expected, change) in broken {
        let mut settings = Settings::lan();
        change(&mut settings);
        let (SettingsError::Duration { name, .. } | SettingsError::Phi { name, .. }) =
            Detector::new(settings).expect_err("refused");
        assert_eq!(name, expected);
    }
}

#[test]
fn a_wrong_guess_only_takes_longer() {
    for edge in [1, 2, 3, 1000, 1001, u64::MAX - 1, u64::MAX] {
        for guess in [0, 1, 2, 7, 999, 1000, 1001, 1002, 5000, 1 << 40, u64::MAX] {
            assert_eq!(first_reached(guess, |at| at >= edge), Some(edge), "from {guess}");
        }
    }
    assert_eq!(first_reached(9, |_| false), None);
}
