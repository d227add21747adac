//! Settings that cannot work are refused, each by its name.

use super::*;

#[test]
fn the_profiles_work() {
    for provider in [Provider::Majority, Provider::FailureDomains, Provider::Static(1), Provider::None] {
        assert_eq!(Settings { provider, ..Settings::native() }.validate(), Ok(()));
        assert_eq!(Settings { provider, ..Settings::quorum_store() }.validate(), Ok(()));
    }
    assert_eq!(Settings::quorum_store().quorum_timeout, secs(60));
    assert_eq!(Settings::native().lease, Some(LEASE));
}

#[test]
fn a_quorum_is_gained_later_than_two_leases() {
    let settings = |stable_after| Settings { stable_after, ..Settings::native() };
    let refused = |stable_after| Err(SettingsError::StableAfter { stable_after, lease: secs(10) });
    assert_eq!(settings(secs(10)).validate(), refused(secs(10)));
    assert_eq!(settings(Duration::ZERO).validate(), refused(Duration::ZERO));
    assert_eq!(settings(secs(10) + Duration::from_nanos(1)).validate(), Ok(()));
    assert!(Quorum::new(id(1), Domain::NONE, settings(secs(10))).is_err());
}

#[test]
fn whoever_looks_seldom_does_not_see_a_lease_end() {
    let seldom = Settings { looks: Looks::AsOriginal, ..Settings::native() };
    assert_eq!(seldom.validate(), Err(SettingsError::Looks { lease: LEASE }));
    assert_eq!(Settings { lease: None, ..seldom }.validate(), Ok(()));
}

#[test]
fn what_is_outside_its_limits_is_named() {
    let name = |settings: Settings| match settings.validate() {
        Err(SettingsError::Duration { name, .. } | SettingsError::Count { name, .. }) => name,
        Err(SettingsError::StableAfter { .. }) => "stable_after, because of lease",
        Err(SettingsError::Looks { .. }) => "looks, because of lease",
        Ok(()) => "nothing",
    };
    let (native, day) = (Settings::native(), secs(86_400));
    let asking = |asks, patience, probation| Settings {
        suspect_down: Some(SuspectDown { asks, patience, probation }),
        ..native
    };
    assert_eq!(name(Settings { provider: Provider::Static(0), ..native }), "provider");
    assert_eq!(name(Settings { provider: Provider::Static(MEMBERS_MAX + 1), ..native }), "provider");
    assert_eq!(name(Settings { lease: Some(Duration::ZERO), ..native }), "lease");
    assert_eq!(name(Settings { lease: Some(Duration::MAX), ..native }), "lease");
    assert_eq!(name(Settings { stable_after: day + secs(1), ..native }), "stable_after");
    assert_eq!(name(Settings { quorum_timeout: day + secs(1), ..native }), "quorum_timeout");
    assert_eq!(name(Settings { quorum_timeout: Duration::ZERO, ..native }), "nothing");
    assert_eq!(name(asking(0, secs(1), secs(1))), "suspect_down.asks");
    assert_eq!(name(asking(ASKS_MAX + 1, secs(1), secs(1))), "suspect_down.asks");
    assert_eq!(name(asking(1, Duration::ZERO, secs(1))), "suspect_down.patience");
    assert_eq!(name(asking(1, secs(1), day + secs(1))), "suspect_down.probation");
    assert_eq!(name(Settings { members_max: 0, ..native }), "members_max");
    assert_eq!(name(Settings { members_max: MEMBERS_MAX + 1, ..native }), "members_max");
}
