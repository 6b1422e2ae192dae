//! An option that is in force: the row of `config`.

use super::safe;
use serde::{Deserialize, Serialize};

/// An option, its value, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "setting")]
pub struct Setting {
    /// Its long name.
    pub name: String,
    /// Its value, as a config file has it.
    pub value: String,
    /// `command line`, `environment`, `config:` and the line, `remembered`, or `default`.
    pub from: String,
}

impl Setting {
    /// `timeout = 30  (config:3)`.
    pub fn line(&self, out: &mut Vec<u8>) {
        for part in [&self.name, " = ", &self.value, "  (", &self.from, ")"] {
            safe::push_word(part, out);
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_line_that_does_no_harm() {
        let text = |text: &str| text.to_owned();
        let setting = Setting { name: text("name"), value: text("b\x1Bo"), from: text("config:3") };
        let mut out = Vec::new();
        setting.line(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), "name = b\u{FFFD}o  (config:3)\n");
    }
}
