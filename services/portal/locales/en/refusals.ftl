# Why something was not done, for whoever asked for it. Credentials and what browsers never send are told in general words.
# Not read by a native speaker: no (written in English first).

refused-heading = This was not done
refused-general = We cannot do this now. Nothing changed. Open the page again, or write to us.
refused-busy = Many people use this page now. Wait a little, then try again.
refused-later = We cannot do this now. Try again in a while.
refused-already-sent = This was sent before with other words. What came first is kept.
refused-other-words = Other words were sent with the same page before. They are kept.
refused-changed = Something changed while you were reading. Nothing was done. Open the page again.
refused-ended = Your request has ended. You can still write to us.
refused-closed = Your request is closed. You can still write to us.
refused-not-signed = We could not check that this comes from you. Nothing was done.
refused-proposal-not-shown = There is nothing to answer here yet. We show it to you first.
refused-proposal-over = We decide on this now, so it can no longer be answered here. Write to us.
refused-agreement-over = Money moves by this now, so it can no longer be answered here. Write to us.
refused-report-over = This is not asked for now. You can write to us.
refused-payment-over = This is settled, or was not sent yet. If that is not right, write to us.
# $mebibytes (Number) - the most that it may weigh
refused-file-too-large = This is too large. At most { $mebibytes } megabytes can be taken.
# $mebibytes (Number) - the most that all may weigh
refused-files-full = There is no room for more. All together may take { $mebibytes } megabytes.

## What is wrong with something that was written

rule-required = Something is still empty.
rule-too-long = This is too long. Shorten it, and write the rest later.
# $limit (Number) - how many characters
# $has (Number) - how many there are
rule-characters = At most { $limit } characters can be sent. There are { $has }.
# $limit (Number) - how many
# $has (Number) - how many there are
rule-entries = At most { $limit } can be taken. There are { $has }.
rule-not-text = This is no text that we can read.
# $line (Number) - where
# $column (Number) - where
rule-not-readable = We cannot read line { $line }, at place { $column }.
rule-not-listed = Choose one of the answers that are offered.
rule-yes-or-no = Answer yes or no.
rule-whole-number = Write a whole number, in digits.
rule-amount-empty = Write how much.
rule-amount-negative = Write an amount of nothing or more.
rule-amount-zero = Write an amount above nothing.
rule-amount-digits = Write only the amount, in digits.
rule-amount-marks = The marks between the digits stand in odd places. Write the digits without them.
# $currency (String) - such as "EUR"
rule-amount-decimals = There are too many digits behind the mark for { $currency }.
rule-amount-too-large = This amount is too large.
# $write_first (String) - how to write the first
# $first (String) - what that is
# $write_second (String) - how to write the second
# $second (String) - what that is
rule-amount-two-ways = This can be read in two ways. Write { $write_first } for { $first }, or { $write_second } for { $second }.
# $expected (String) - such as "EUR"
rule-amount-currency = Write it in { $expected }.
# $currency (String) - such as "EUR"
rule-more-than-sent = Write it in { $currency }, and not more than we sent.
rule-currency-missing = Write the currency too.
rule-currency-unknown = We do not know this currency. Write its three letters.
# $code (String) - the old one
# $successor (String) - the new one
rule-currency-withdrawn = { $code } is no longer paid. Count it in { $successor }.
# $first (String) - one currency
# $second (String) - another
rule-currency-two-ways = This may be { $first } or { $second }. Write the three letters.
rule-not-a-day = We cannot read this day. Write year, month and day in digits.
rule-no-such-day = There is no such day.
# $date (String) - the day
rule-day-far = { $date } is far from today. Write the day of the common calendar.
rule-day-other-calendar = This day is of another calendar. Write the day of the common calendar.
# $write_first (String) - how to write the first
# $first (String) - what that is
# $write_second (String) - how to write the second
# $second (String) - what that is
rule-day-two-ways = This can be read in two ways. Write { $write_first } for { $first }, or { $write_second } for { $second }.
# $date (String) - the day
rule-day-past = { $date } is over.
# $date (String) - the day
rule-day-future = { $date } has not come yet.
rule-place-unknown = We do not know this country. Write its name in English.
# $first (String) - one
# $second (String) - the other
rule-two-names = This names two: write { $first } or { $second }.
rule-language-unknown = We do not know this language. Write its name in English.
