//! Virtual time: it passes only in sleeps, timeouts and questions for it.

use ::std::ops::{Add, AddAssign, Sub, SubAssign};
pub use ::std::time::{Duration, SystemTimeError, TryFromFloatSecsError};

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}

macro_rules! moment {
    ($name:ident) => {
        impl $name {
            /// Now.
            pub fn now() -> Self {
                $name(interleave::sync::now())
            }
            /// Later, where that can be told.
            pub fn checked_add(&self, duration: Duration) -> Option<Self> {
                self.0.checked_add(nanoseconds(duration)).map($name)
            }
            /// Earlier, where that can be told.
            pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
                self.0.checked_sub(nanoseconds(duration)).map($name)
            }
        }
        impl Add<Duration> for $name {
            type Output = $name;
            fn add(self, duration: Duration) -> $name {
                $name(self.0.saturating_add(nanoseconds(duration)))
            }
        }
        impl AddAssign<Duration> for $name {
            fn add_assign(&mut self, duration: Duration) {
                *self = *self + duration;
            }
        }
        impl Sub<Duration> for $name {
            type Output = $name;
            fn sub(self, duration: Duration) -> $name {
                $name(self.0.saturating_sub(nanoseconds(duration)))
            }
        }
        impl SubAssign<Duration> for $name {
            fn sub_assign(&mut self, duration: Duration) {
                *self = *self - duration;
            }
        }
    };
}

/// A moment of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A moment of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemTime(u64);

moment!(Instant);
moment!(SystemTime);

/// The start of virtual time.
pub const UNIX_EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

impl Instant {
    /// Since this moment.
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }
    /// Since an earlier moment; zero where it is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
    /// Since an earlier moment.
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_nanos)
    }
    /// Since an earlier moment; zero where it is later.
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl SystemTime {
    /// The start of virtual time.
    pub const UNIX_EPOCH: SystemTime = SystemTime(0);
    /// Since an earlier moment.
    ///
    /// # Errors
    ///
    /// It is a later one.
    pub fn duration_since(&self, earlier: SystemTime) -> Result<Duration, SystemTimeError> {
        // The real one's error has no other source than the real one.
        let real = |moment: u64| ::std::time::UNIX_EPOCH + Duration::from_nanos(moment);
        real(self.0).duration_since(real(earlier.0))
    }
    /// Since this moment.
    pub fn elapsed(&self) -> Result<Duration, SystemTimeError> {
        SystemTime::now().duration_since(*self)
    }
}
