//! Pages of a list.

use flare_contracts::{Refusal, input};

/// What is asked of a list: so many rows after a place.
#[derive(Clone, Copy, Debug)]
pub struct Page<P> {
    size: i64,
    after: P,
}

/// A place in a list: the key that the list is in order of. The default one is before every row.
pub trait Place: Default {
    /// The token that stands for it.
    fn token(&self) -> String;

    /// The place that a token stands for; none when it is empty.
    fn read(token: &str) -> Result<Option<Self>, Refusal>;
}

/// A part of a place.
pub trait PlacePart: Default + ToString {
    /// Reads what `to_string` wrote.
    fn read(text: &str) -> Option<Self>;
}

impl PlacePart for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl PlacePart for i64 {
    /// Lanes, events and microseconds are counted from 1.
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }
}

macro_rules! places {
    ($($parts:literal: $($part:ident $index:tt),+;)+) => {$(
        impl<$($part: PlacePart),+> Place for ($($part,)+) {
            fn token(&self) -> String {
                input::next_page_token(&[$(self.$index.to_string()),+])
            }

            fn read(token: &str) -> Result<Option<Self>, Refusal> {
                let Some(parts) = input::page_token::<$parts>(token)? else { return Ok(None) };
                let place = || Some(($($part::read(&parts[$index])?,)+));
                place().map(Some).ok_or_else(input::bad_page_token)
            }
        }
    )+};
}

places! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    5: A 0, B 1, C 2, D 3, E 4;
}

impl<P: Place> Page<P> {
    /// What a request asks for with its `page_size` and `page_token`.
    pub fn asked(page_size: i32, page_token: &str) -> Result<Self, Refusal> {
        Self::of(input::page_size(page_size)?, page_token)
    }

    /// The same with a size that the list has its own limits for.
    pub fn of(size: i64, page_token: &str) -> Result<Self, Refusal> {
        Ok(Self { size, after: P::read(page_token)?.unwrap_or_default() })
    }

    /// The place that it begins after.
    pub const fn after(&self) -> &P {
        &self.after
    }

    /// How many rows to read: one more than it has tells whether there is another page.
    pub const fn limit(&self) -> i64 {
        self.size + 1
    }

    /// Its rows, out of those that were read, and the token of the next page, which is empty when there is none.
    pub fn cut<T>(&self, rows: Vec<(P, T)>) -> (Vec<T>, String) {
        self.cut_within(rows, 0, |_| 0)
    }

    /// The same with fewer rows when they are heavy, but always one.
    pub fn cut_within<T>(
        &self,
        mut rows: Vec<(P, T)>,
        most: usize,
        weight: impl Fn(&T) -> usize,
    ) -> (Vec<T>, String) {
        let (found, mut weighed) = (rows.len(), 0);
        let light = rows.iter().take_while(|(_, row)| {
            weighed += weight(row);
            weighed <= most
        });
        let fitting = light.count().max(1).min(usize::try_from(self.size).unwrap_or(usize::MAX));
        rows.truncate(fitting);
        let next = rows.last().filter(|_| found > fitting).map(|(place, _)| place.token());
        (rows.into_iter().map(|(_, row)| row).collect(), next.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Queue = (i64, i64, String);

    fn rows(numbers: std::ops::RangeInclusive<i64>) -> Vec<((i64,), i64)> {
        numbers.map(|number| ((number,), number)).collect()
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let mut token = String::new();
        for (expected, is_last) in [(vec![1, 2, 3], false), (vec![4, 5, 6], false), (vec![7], true)] {
            let page: Page<(i64,)> = Page::asked(3, &token).unwrap();
            let after = page.after().0;
            let read = rows(after + 1..=7_i64.min(after + page.limit()));
            let (shown, next) = page.cut(read);
            assert_eq!((shown, next.is_empty()), (expected, is_last));
            token = next;
        }
        assert_eq!(Page::<(i64,)>::asked(3, "").unwrap().cut(rows(1..=3)).1, "", "no empty page at the end");
    }

    #[test]
    fn heavy_rows_make_a_short_page_and_never_an_empty_one() {
        let page: Page<(i64,)> = Page::asked(3, "").unwrap();
        let cut = |most| page.cut_within(rows(1..=4), most, |_| 10);
        assert_eq!((cut(9).0, cut(25).0, cut(99).0), (vec![1], vec![1, 2], vec![1, 2, 3]));
        assert_eq!(<(i64,)>::read(&cut(25).1), Ok(Some((2,))));
        let (shown, next) = page.cut_within(rows(1..=1), 9, |_| 10);
        assert_eq!((shown, next.as_str()), (vec![1], ""));
        assert_eq!(page.cut(Vec::<((i64,), i64)>::new()), (vec![], String::new()));
    }

    #[test]
    fn a_token_is_read_back_and_no_other_place_is() {
        let place: Queue = (1, 2, "case_x".to_owned());
        assert_eq!(Queue::read(&place.token()), Ok(Some(place)));
        assert_eq!(Queue::read(""), Ok(None));
        assert_eq!(Page::<Queue>::asked(0, "").unwrap().after(), &Queue::default());
        let parts = |parts: [&str; 3]| input::next_page_token(&parts.map(str::to_owned));
        let others = [["a", "1", ""], ["1", "-1", ""], ["0", "1", ""]].map(parts);
        for token in others.into_iter().chain(["x".to_owned(), (1_i64,).token()]) {
            assert_eq!(Queue::read(&token), Err(input::bad_page_token()), "{token}");
        }
        for size in [-1, 201] {
            assert!(Page::<Queue>::asked(size, "").is_err());
        }
    }
}
