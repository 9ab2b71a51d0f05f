//! Tables of Markdown that are also readable as they stand, and the figures in them.

use crate::stats::Spread;

/// A table whose columns line up.
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// Nothing below the titles yet.
    pub fn new(titles: impl IntoIterator<Item = impl Into<String>>) -> Table {
        Table(vec![titles.into_iter().map(Into::into).collect()])
    }

    /// Adds a row of as many cells.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.0[0].len()).map(width).collect();
        let line = |row: &[String]| {
            let cells = row.iter().zip(&widths).enumerate().map(|(n, (cell, width))| {
                if n == 0 { format!(" {cell:<width$} ") } else { format!(" {cell:>width$} ") }
            });
            format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
        };
        let rule = widths
            .iter()
            .enumerate()
            .map(|(n, w)| if n == 0 { "-".repeat(w + 2) } else { format!("{}:", "-".repeat(w + 1)) });
        let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        line(&self.0[0]) + &rule + &self.0[1..].iter().map(|row| line(row)).collect::<String>()
    }
}

/// A figure with where most rounds lie.
pub fn spread(figure: Spread) -> String {
    format!("{:.3} ({:.2}-{:.2})", figure.median, figure.low, figure.high)
}

/// Nanoseconds as microseconds.
pub fn micros(nanos: f64) -> String {
    format!("{:.2}", nanos / 1000.0)
}
