//! Rounds in which contestants take turns, and what they say together.

use crate::Result;
use crate::server::Lap;

/// Numbers that are random enough, and the same in every run.
pub struct Dice(u64);

impl Dice {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Dice {
        Dice(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    /// 0 .. n in random order.
    pub fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

/// Contestants that do the same work, each in its way.
pub trait Race {
    /// Decides what all of them do in this round; the clock does not run.
    fn prepare(&mut self, _: &mut Dice) -> Result<()> {
        Ok(())
    }
    /// One contestant's turn.
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap>;
}

/// All rounds of one contestant.
#[derive(Clone, Default)]
pub struct Series(Vec<Lap>);

/// Which of a lap's times is meant.
pub type Clock = fn(&Lap) -> f64;

/// What an application waits for.
pub fn wall(lap: &Lap) -> f64 {
    lap.wall
}

/// What client and backend compute.
pub fn busy(lap: &Lap) -> f64 {
    lap.busy
}

/// What the backend computes.
pub fn server(lap: &Lap) -> f64 {
    lap.server
}

/// Runs the rounds, in each of which all contestants take turns in a new random order; adds them to `series`.
pub fn run(race: &mut dyn Race, rounds: usize, dice: &mut Dice, series: &mut [Series]) -> Result<()> {
    for _ in 0..rounds {
        race.prepare(dice)?;
        for contestant in dice.order(series.len()) {
            let lap = race.lap(contestant, dice)?;
            series[contestant].push(lap);
        }
    }
    Ok(())
}

impl Series {
    /// All rounds, in the order they were run.
    pub fn laps(&self) -> &[Lap] {
        &self.0
    }

    /// Adds a round.
    pub fn push(&mut self, lap: Lap) {
        self.0.push(lap);
    }

    /// This and something else that was done in the same rounds, together.
    pub fn and(&self, other: &Series) -> Series {
        let both = |(a, b): (&Lap, &Lap)| Lap {
            wall: a.wall + b.wall,
            busy: a.busy + b.busy,
            server: a.server + b.server,
        };
        Series(self.0.iter().zip(&other.0).map(both).collect())
    }

    /// The typical time.
    pub fn median(&self, clock: Clock) -> f64 {
        Spread::of(self.0.iter().map(clock).collect()).median
    }

    /// A figure made of the times of the same round.
    pub fn with<const N: usize>(
        &self,
        others: [&Series; N],
        clock: Clock,
        figure: impl Fn(f64, [f64; N]) -> f64,
    ) -> Spread {
        let each = self.0.iter().enumerate();
        Spread::of(each.map(|(i, lap)| figure(clock(lap), others.map(|o| clock(&o.0[i])))).collect())
    }

    /// How many times as fast as `base`.
    pub fn speed(&self, base: &Series, clock: Clock) -> Spread {
        self.with([base], clock, |own, [base]| base / own)
    }

    /// A figure made of each of two contestants that do the same. (Their mean would be a biased base: noise only adds.)
    pub fn with_either(&self, bases: [&Series; 2], clock: Clock, figure: impl Fn(f64, f64) -> f64) -> Spread {
        let of = |base: &Series| -> Vec<f64> {
            let pairs = self.0.iter().zip(&base.0);
            pairs.map(|(own, base)| figure(clock(own), clock(base))).collect()
        };
        Spread::of(bases.map(of).concat())
    }
}

/// The median of many rounds' figures, and where most of them lie.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Half of the rounds lie below.
    pub median: f64,
    /// A tenth of the rounds lie below.
    pub low: f64,
    /// A tenth of the rounds lie above.
    pub high: f64,
}

impl Spread {
    /// Of any figures.
    pub fn of(figures: Vec<f64>) -> Spread {
        let figures = sorted(figures);
        Spread { median: at(&figures, 0.5), low: at(&figures, 0.1), high: at(&figures, 0.9) }
    }
}

/// The figure that this share of them does not exceed.
pub fn percentile(figures: Vec<f64>, share: f64) -> f64 {
    at(&sorted(figures), share)
}

fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    figures
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len().max(1) - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(a), Some(b)) => a + (b - a) * place.fract(),
        _ => f64::NAN,
    }
}
