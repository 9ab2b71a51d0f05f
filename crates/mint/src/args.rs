//! A command line in one form: `--name value`, `--switch`, and plain words.

use watertight_mint::MintError;

/// The words after the subcommand.
pub struct Args {
    words: Vec<String>,
}

impl Args {
    pub fn new(words: impl Iterator<Item = String>) -> Args {
        Args { words: words.collect() }
    }

    /// Takes the next plain word.
    pub fn word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|w| !w.starts_with("--"))?;
        (at == 0).then(|| self.words.remove(0))
    }

    /// Takes a switch.
    pub fn switch(&mut self, name: &str) -> bool {
        let found = self.words.iter().position(|w| w == name);
        found.map(|at| self.words.remove(at)).is_some()
    }

    /// Takes every value of an option that may be repeated.
    pub fn values(&mut self, name: &str) -> Result<Vec<String>, MintError> {
        let mut values = Vec::new();
        while let Some(at) = self.words.iter().position(|w| w == name) {
            if at + 1 >= self.words.len() {
                return Err(MintError::Input(format!("{name} needs a value")));
            }
            self.words.remove(at);
            values.push(self.words.remove(at));
        }
        Ok(values)
    }

    /// Takes the value of an option that is given once or not at all.
    pub fn value(&mut self, name: &str) -> Result<Option<String>, MintError> {
        let mut values = self.values(name)?;
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(MintError::Input(format!("{name} is given more than once"))),
        }
    }

    /// Takes the value of an option that must be there.
    pub fn required(&mut self, name: &str) -> Result<String, MintError> {
        self.value(name)?.ok_or_else(|| MintError::Input(format!("{name} is missing")))
    }

    /// Takes a whole number.
    pub fn number(&mut self, name: &str) -> Result<Option<i64>, MintError> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        let number =
            text.parse().map_err(|_| MintError::Input(format!("{name}: not a whole number: {text}")))?;
        Ok(Some(number))
    }

    /// Fails when something is left that nobody asked for.
    pub fn finish(self) -> Result<(), MintError> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(MintError::Input(format!("not understood: {word}"))),
        }
    }
}
