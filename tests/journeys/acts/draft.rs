//! What a grant is drafted with.

use flare_kernel::Date;

use crate::harness::{Desk, today};

/// What a grant is drafted with.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) ceiling: String,
    pub(crate) currency: String,
    pub(crate) start: Date,
    pub(crate) end: Date,
    pub(crate) scope: String,
    pub(crate) budget: String,
    pub(crate) beneficiary: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            ceiling: "9400.00".to_owned(),
            currency: "EUR".to_owned(),
            start: today(),
            end: today().add_days(60),
            scope: "Safe housing for two reporters; a control unit for the transmitter.".to_owned(),
            budget: "5200.00 housing and transport, 2900.00 devices, 1300.00 control unit".to_owned(),
            beneficiary: "The radio station and two of its reporters.".to_owned(),
        }
    }
}

impl Draft {
    /// The options of `flare grant draft` and `flare grant revise`.
    pub(crate) fn options(&self, desk: &Desk, needs: &[&str]) -> Vec<String> {
        let files = [
            ("--scope-file", &self.scope),
            ("--budget-file", &self.budget),
            ("--beneficiary-file", &self.beneficiary),
        ];
        let (start, end) = (self.start.to_string(), self.end.to_string());
        let mut options: Vec<String> = [
            "--ceiling",
            &self.ceiling,
            "--currency",
            &self.currency,
            "--start",
            &start,
            "--end",
            &end,
            "--pay-by",
            &end,
            "--support",
            "cash",
            "--method",
            "cash-by-partner",
            "--mode",
            "reactive",
            "--trigger",
            "negative",
        ]
        .map(ToOwned::to_owned)
        .into();
        for (option, words) in files {
            options.extend([option.to_owned(), desk.words(words)]);
        }
        for need in needs {
            options.extend(["--need".to_owned(), (*need).to_owned()]);
        }
        options
    }
}
