//! Sums over frames, in blocks: frames near in time are alike, so only long blocks tell how uncertain a mean is.

/// What some frames add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    pub frames: f64,
    /// Pairs in each bin.
    pub counts: Vec<f64>,
    /// Pairs times the volume of the cell, Å³.
    pub weighted: Vec<f64>,
}

/// Blocks of equal length; when they become too many, each two become one.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// Frames of a block.
    each: f64,
    done: Vec<Sum>,
    open: Sum,
}

/// So many blocks are kept at most.
const MOST: usize = 128;

/// Of fewer blocks none can say how much they scatter.
const FEWEST: usize = 8;

impl Sum {
    fn none(size: usize) -> Self {
        Self { frames: 0.0, counts: vec![0.0; size], weighted: vec![0.0; size] }
    }

    fn add(&mut self, other: &Self, sign: f64) {
        self.frames += sign * other.frames;
        for (all, one) in [(&mut self.counts, &other.counts), (&mut self.weighted, &other.weighted)] {
            all.iter_mut().zip(one).for_each(|(all, one)| *all += sign * one);
        }
    }
}

impl Blocks {
    /// None yet, of sums of so many numbers.
    pub fn new(size: usize) -> Self {
        Self { each: 1.0, done: Vec::new(), open: Sum::none(size) }
    }

    /// Takes in the next frame.
    pub fn add(&mut self, frame: &Sum) {
        self.open.add(frame, 1.0);
        if self.open.frames < self.each {
            return;
        }
        let fresh = Sum::none(frame.counts.len());
        self.done.push(std::mem::replace(&mut self.open, fresh));
        if self.done.len() == MOST {
            self.done = paired(&self.done);
            self.each *= 2.0;
        }
    }

    /// All frames.
    pub fn all(&self) -> Sum {
        let mut all = self.open.clone();
        self.done.iter().for_each(|block| all.add(block, 1.0));
        all
    }

    /// The standard uncertainty of numbers that are made of sums: a jackknife over the blocks, then over blocks of twice the length
    /// ... as long as there are eight, and of these the largest. `None` for fewer than eight frames.
    ///
    /// ```text
    /// s² = (m - 1)/m Σ_k (x_k - mean)²        x_k: made of all m blocks but the k-th
    /// ```
    pub fn spread(&self, numbers: impl Fn(&Sum) -> Vec<f64>) -> Option<Vec<f64>> {
        let mut blocks = self.done.clone();
        let mut worst: Option<Vec<f64>> = None;
        while blocks.len() >= FEWEST {
            let found = jackknife(&blocks, &numbers);
            worst =
                Some(worst.map_or(found.clone(), |worst| worst.iter().zip(&found).map(|(a, b)| a.max(*b)).collect()));
            blocks = paired(&blocks);
        }
        worst
    }
}

/// The standard uncertainty of the mean of numbers that follow each other in time, by a jackknife over blocks of them.
pub fn uncertainty(series: impl Iterator<Item = f64>) -> Option<f64> {
    let mut blocks = Blocks::new(1);
    series.for_each(|x| blocks.add(&Sum { frames: 1.0, counts: vec![x], weighted: vec![0.0] }));
    blocks.spread(|sum| vec![sum.counts[0] / sum.frames]).map(|esd| esd[0])
}

/// Each two neighbours as one; a last one without a partner is left out.
fn paired(blocks: &[Sum]) -> Vec<Sum> {
    let two = |two: &[Sum]| {
        let mut sum = two[0].clone();
        sum.add(&two[1], 1.0);
        sum
    };
    blocks.chunks_exact(2).map(two).collect()
}

fn jackknife(blocks: &[Sum], numbers: &impl Fn(&Sum) -> Vec<f64>) -> Vec<f64> {
    let mut all = Sum::none(blocks[0].counts.len());
    for block in blocks {
        all.add(block, 1.0);
    }
    let without = |block: &Sum| {
        let mut rest = all.clone();
        rest.add(block, -1.0);
        numbers(&rest)
    };
    let each: Vec<Vec<f64>> = blocks.iter().map(without).collect();
    let m = blocks.len() as f64;
    let spread = |k: usize| {
        let mean = each.iter().map(|x| x[k]).sum::<f64>() / m;
        ((m - 1.0) / m * each.iter().map(|x| (x[k] - mean).powi(2)).sum::<f64>()).sqrt()
    };
    (0..each[0].len()).map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(x: f64) -> Sum {
        Sum { frames: 1.0, counts: vec![x], weighted: vec![2.0 * x] }
    }

    fn mean(sum: &Sum) -> Vec<f64> {
        vec![sum.counts[0] / sum.frames]
    }

    /// Of a mean the jackknife is the standard error, s / √m.
    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        let blocks: Vec<Sum> = [1.0, 4.0, 2.0, 8.0].map(frame).to_vec();
        let variance = [1.0_f64, 4.0, 2.0, 8.0].iter().map(|x| (x - 3.75).powi(2)).sum::<f64>() / 3.0;
        assert!((jackknife(&blocks, &mean)[0] - (variance / 4.0).sqrt()).abs() < 1e-14);
    }

    /// Frames that stay alike 16 at a time: only blocks as long show how uncertain their mean is, and no frame is lost.
    #[test]
    fn long_blocks_see_what_short_ones_do_not() {
        let mut blocks = Blocks::new(1);
        let mut seed = 7_u64;
        let mut level = 0.0;
        for k in 0..1000 {
            if k % 16 == 0 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                level = (seed >> 40) as f64 / f64::from(1 << 24);
            }
            blocks.add(&frame(level));
        }
        assert_eq!(blocks.all().frames, 1000.0);
        let esd = blocks.spread(mean).unwrap()[0];
        // Uniform levels: 0.289 / √(1000 / 16) = 0.0365; frames taken as independent would say 0.009.
        assert!((0.025..0.06).contains(&esd), "{esd}");
        assert_eq!(Blocks::new(1).spread(mean), None);
    }
}
