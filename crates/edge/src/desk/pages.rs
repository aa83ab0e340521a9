//! The pages of a list, asked for until as many rows are there as somebody wants to see.

use super::PAGE;

/// Which rows of a list somebody wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How many at most.
    pub most: usize,
    /// Where an earlier list ended; empty for the list's beginning.
    pub page_token: String,
}

/// The rows that have come so far.
pub(super) struct Pages<T> {
    rows: Vec<T>,
    most: usize,
    /// Where the next page begins; none when there is no next page.
    token: Option<String>,
}

impl<T> Pages<T> {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { rows: Vec::new(), most: wanted.most, token: Some(wanted.page_token) }
    }

    /// The size and place of the next page, while one is wanted.
    pub(super) fn next(&self) -> Option<(i32, String)> {
        let missing = self.most.saturating_sub(self.rows.len());
        let page_size = i32::try_from(missing).unwrap_or(PAGE).min(PAGE);
        self.token.clone().filter(|_| page_size > 0).map(|token| (page_size, token))
    }

    pub(super) fn take(&mut self, rows: Vec<T>, next_page_token: String) {
        self.rows.extend(rows);
        self.token = Some(next_page_token).filter(|token| !token.is_empty());
    }

    /// The rows, and where those begin that are not among them; empty when all are.
    pub(super) fn end(self) -> (Vec<T>, String) {
        (self.rows, self.token.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(most: usize, page_token: &str) -> Pages<u8> {
        Pages::new(Wanted { most, page_token: page_token.to_owned() })
    }

    #[test]
    fn pages_are_asked_for_until_enough_rows_are_there_or_no_more_come() {
        let mut enough = pages(250, "");
        assert_eq!(enough.next(), Some((200, String::new())));
        enough.take(vec![0; 200], "a".to_owned());
        assert_eq!(enough.next(), Some((50, "a".to_owned())));
        enough.take(vec![0; 50], "b".to_owned());
        assert_eq!(enough.next(), None);
        assert_eq!(enough.end(), (vec![0; 250], "b".to_owned()));

        let mut no_more = pages(250, "x");
        assert_eq!(no_more.next(), Some((200, "x".to_owned())));
        no_more.take(vec![0; 3], String::new());
        assert_eq!(no_more.next(), None);
        assert_eq!(no_more.end(), (vec![0; 3], String::new()));
    }
}
