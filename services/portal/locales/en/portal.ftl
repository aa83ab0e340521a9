# Reader of this catalogue: somebody in danger, tired, perhaps reading a second language. Short sentences, everyday words.
# Not read by a native speaker: no (written in English first).
# No hour, day or amount stands here: policy gives them as variables. Never: applicant, beneficiary, file, must, case,
# receipt. The public name of the way back is "your code".

language-name = English

## Titles: they name the act and tell a passer-by nothing.

title-write = Write to us
title-code = Your code
title-messages = Messages
title-back = Come back
title-about = About this page
title-error = Error

## On every page

leave = Leave this site
also = Also
link-home = First page
link-safe = How to be safe
link-lost = I lost my code
link-complain = Complain about us
link-back = I have a code
link-status = Where it stands

## Times

hours = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}
minutes = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
# $span (String) - such as "5 hours"
in-span = in { $span }
# $span (String) - such as "5 hours", by then at the latest
within-span = in { $span }
# $span (String) - such as "5 hours"
ago-span = { $span } ago
now = now

## First page

home-heading = Tell us what happened
home-two = Two answers are enough. Send now, add the rest later.
home-free = You need no account, no real name and no press card.
home-who-heading = Who may ask
home-who = Reporters, photographers, fixers, drivers, interpreters, bloggers, technicians, outlets, groups without registration, and families.
home-who-none = No outlet, press card or registration needed.
home-reading = Somebody is reading now.
# $when (String) - such as "in 6 hours"
home-reading-again = Somebody reads again { $when }.
home-critical = Messages about danger to life are read at any hour.
home-next-heading = What happens next
home-next = A person reads this. They may ask you something. They tell you what we can or cannot do, and why. You can stop at any time.
home-helplines = Others who answer by phone at any hour
home-start = Write to us

## The questions

ask-heading = Tell us what happened.
ask-lead = Two answers are enough. Send now, add the rest later. You need no account, no real name and no press card.
danger = Could someone be killed, injured, arrested or taken soon?
# $span (String) - such as "24 hours"
danger-hint = We mean within { $span }. If yes, a person reads this first. You need no proof now.
yes = Yes
no = No
unsure = Not sure
story = What happened, and when?
story-hint = A few sentences are enough. Do not name your sources.
reach = How can we reach you safely?
reach-hint = Say the way, the hours, and what we should never write or say. If only on this page, choose that.
reach-there = Write to me there
reach-here = Only on this page
reach-here-hint = Then your code is the only way back. If it is lost, we cannot find you.
phone = This phone or computer
phone-mine = Only I use it
phone-shared = Others see it
name = A name to call you
name-hint = Any name. It need not be yours.
send = Send now
send-hint = By sending, you let this team read it to help you. If the page fails, reload it; going Back empties it.
more-heading = More, if you can
more-lead = You can leave everything below empty.
your-language = Language we should write in
who = Who is asking?
who-individual = One person
who-outlet = A media outlet
who-organisation = An organisation
who-group = A group without registration
who-alone = I work without an outlet
where-now = Country you are in now
where-it = Country where it happened
where-hint = Leave it empty if it is safer.
nothing-heading = What if nothing is done?
# $span (String) - such as "24 hours"
nothing-within = Within { $span }
needs = What would help?
need-medical = Doctor, medicine
need-legal = Lawyer
need-relocation = A safer place
need-equipment = Equipment
need-subsistence = Food, rent, daily costs
need-psychosocial = Somebody to talk to
need-digital = Phones, accounts, computers
need-family = My family
need-continuity = Keep publishing
people = About how many people? No names.
amount = About how much money?
amount-hint = A guess is enough and binds nobody. Leave it empty if unsure.
currency = Currency
needed-by = By when?
payment = Safe ways for you to receive money
endangering = Whose money would endanger you?
others = Who else did you ask?
may-check = You may speak with them about me
asked-before = I asked you before
references = Two people who can vouch for you
references-hint = You need not have any now.
reference-who = Who?
reference-contact = How can we reach them safely?
may-name = You may tell them my name
anything = Anything else

## When something is missing

error-heading = There is a problem
error-nothing-sent = Nothing was sent yet. What you wrote is still here.
error-story-empty = Write what happened.
error-reach-empty = Write how we can reach you, or choose "Only on this page".
error-long = This is too long. Shorten it, and write the rest later.

## The code

code-heading = We have it.
# $when (String) - such as "in 2 hours"
# $time (String) - such as "2026-11-26 14:20 UTC"
code-by = A person will read it { $when }, by { $time }.
code-opens = This code opens our messages. Write it where only you look, apart from this site's address. We cannot show it to you again.
code-finder = Whoever finds it can read our messages and write as you. If somebody saw it, tell us at once under "Others have seen my code".
code-digits = Your code in digits
code-words = Your code in words
code-one-of = Digits or words: one of them is enough.
# Followed by the address. It is never printed with the code.
code-address = The address of this site. Note it apart from the code:
code-kept = I have kept it
code-check = Check what I wrote
# $place (Number) - which piece
code-piece = Piece { $place }
code-check-right = That is right.
code-check-wrong = That is not what stands here. Look at what you wrote.
code-cannot = I cannot keep it here
code-other-words = You sent other words with the same page. We have both.

cannot-heading = That is all right.
cannot-reach = We will write to you the way you told us. Nothing is lost.
cannot-here = Without the code we cannot find you. Tell us one safe way to reach you, or keep the code.
cannot-reach-send = Send this way
cannot-now = We cannot take another way to reach you yet. Keep the code for now, and try again in a while.

## Coming back

back-heading = Your code
back-label = Type your code, in words or in digits
back-hint = Spaces, commas and line breaks do not matter.
back-hide = Hide what I type
back-open = Open
back-empty = Write the ten words, or the eight groups of digits.
back-mixed = Write either the words or the digits, not both.
# $found (Number) - how many there are
# $expected (Number) - how many there should be
back-words-count = There are { $found } words. The code has { $expected }.
# $found (Number) - how many there are
# $expected (Number) - how many there should be
back-digits-count = There are { $found } digits. The code has { $expected }.
# $place (Number) - which word
back-word = Word { $place } is not one of ours. Check its spelling.
# $word (String) - the nearest word
back-nearest = Perhaps: { $word }
back-order = One word is wrong, or their order is.
# $place (Number) - which group
back-group = Group { $place } is not right. Look at its digits.
back-not-found = We do not find this code here yet. Was it sent a short while ago? Wait a little, then try again. If it stays so, open "I lost my code".
back-later = We cannot look now. Your code is still good. Try again in a while.

## Where it stands

status-heading = Messages
# $when (String) - such as "in 5 hours"
# $time (String) - such as "2026-11-26 14:20 UTC"
status-ours = It is our turn. You hear from us { $when }, by { $time }.
status-ours-open = It is our turn. You hear from us.
status-theirs = It is your turn: we asked you something. Take your time. Silence never closes your request.
# $time (String) - such as "2026-11-26 14:20 UTC"
status-late = We are late. We said { $time }. The head of our team has been told.
status-ended = This conversation has ended. You can still write to us.
status-paused = We are waiting until it is safe for you. You can still write to us.
# $when (String) - such as "3 hours ago"
status-since = Last change: { $when }.
status-open = Open the messages
status-idle = After a while we ask for your code again. What is on the screen stays: leave this site when you have finished.
messages-none = Nothing was written yet.
messages-us = We
messages-you = You
messages-write = Write to us
messages-send = Send
messages-sent = It was sent.
messages-empty = Write something first.
messages-long = This is too long. Send it in two parts.
session-over = For your safety we ask for your code again.

## Other pages

safe-heading = How to be safe
safe-history = Your browser's history keeps the address of this page. We cannot erase it.
safe-between = Opera Mini, "data saver" and browsers inside other apps let others read what you type.
safe-voice = Voice typing sends your voice to a company. Some keyboards learn what you type.
safe-recent = The list of recent apps shows a picture of this page. Close the page when you have finished.
safe-form = What you typed and downloaded can stay on the phone.
safe-leave = "Leave this site" closes your messages here and opens another site. It does not erase the history.
safe-code = Keep your code where only you look, apart from this site's address.
lost-heading = I lost my code
lost-goes-on = Your request goes on. We cannot show the code again.
lost-way = We will use the way you gave us. If you gave none, write again and tick "I asked you before".
complain-heading = Complain about us
complain-text = These people do not work in our team. They listen if we treated you badly.
complain-none = Nobody outside our team is named here yet. You can write it to us, and ask that the head of our team reads it.
not-found-heading = There is no such page
not-found-text = Nothing you sent is lost. Go to the first page.
too-large-heading = This is too large
too-large-text = Nothing was sent. Shorten it, and write the rest later.
away-heading = We cannot take it now
away-text = We do not know whether it arrived. Try again in a while: reload this page. The same words count once.
altered-heading = Something changed this page
altered-text = Nothing was sent. This page may be too old. Or somebody between you and us reads or changes pages. Use another network or browser if you can.
elsewhere-heading = This did not come from our page
elsewhere-text = Nothing was done. Open our first page and try again.
broken-heading = Something went wrong here
broken-text = It is our fault, not yours. Try again in a while.
