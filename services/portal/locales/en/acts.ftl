# Reader of this catalogue: somebody who came back with a code, perhaps with little time and somebody beside them.
# Not read by a native speaker: no (written in English first).
# Names of acts stand on the first page after coming back: they say nothing of money, help or who gives it.

## What can be done, as the buttons name it

act-proposal = What we propose
act-agreement = The agreement
act-money = Did it arrive?
act-report = How it went
act-review = What we could not do
act-change = Something else: more time, a change
act-stop = Stop my request
act-seen = Others have seen my code
act-next = Show the next one

## After an act

acts-done = Thank you. We have it.
# $when (String) - such as "2 hours ago"
# $time (String) - such as "2026-11-26 14:20 UTC"
acts-before = You did this { $when }: { $time }.
acts-before-ever = You did this before.
acts-before-else = If something is different now, write it to us.
acts-nothing = There is nothing to do here now.
acts-changed = This changed while you were reading. Nothing was sent. Here it is as it is now.
acts-choose = Choose one first.
another-code = This page was opened with another code. Nothing was sent. Look whose messages these are.

## What we propose, and the agreement

offer-up-to = Up to:
offer-from = From:
offer-until = Until:
offer-closed = This cannot be opened with your code. Write to us, and we send it again.
proposal-lead = Read it slowly. Is it right for you?
proposal-words = If something is not right: what?
proposal-agree = It is right
proposal-wrong = It is not right
proposal-agree-done = Thank you. We decide on it next.
proposal-wrong-done = Thank you. We look at it again and write to you.
agreement-lead = Read it slowly. You may say no. It is never held against you.
agreement-accept = I accept
agreement-refuse = I refuse
agreement-refuse-donor = I refuse only this source of money
agreement-accept-done = Thank you. You have accepted.
agreement-refuse-done = Thank you. You have refused. We write to you.
agreement-refuse-donor-done = Thank you. We look for other money.

## Did it arrive

money-lead = Tell us what reached you. Take your time.
money-sent = We sent:
money-all = All of it arrived
money-how-much = How much arrived?
money-less = Less arrived
money-none = Not yet
money-elsewhere = I cannot say this here
money-done = Thank you. We have it.
money-none-done = Thank you. We find out where it is. Tell us when it arrives.
money-elsewhere-done = We understand. We will ask you in the safe way you gave us. If you gave none, come back when nobody looks.

## How it went

report-lead = A few sentences are enough. What did it change? How was it used? Name nobody.
report-words = How did it go?
report-send = Send

## Something else

change-lead = You need more time, or something should be different? Tell us what, and why if you can.
change-words = What should change?
change-send = Send

## Stop

stop-lead = We start nothing more. What is under way may still arrive. You can ask anew at any time.
stop-why = Why? You need not say.
stop-unsaid = I would rather not say
stop-helped-elsewhere = Others help me
stop-too-dangerous = It is too dangerous
stop-no-longer-needed = I need it no longer
stop-other = Something else
stop-do = Stop my request
stop-done = It is stopped. You can still read what was written, and write to us.

## Others have seen my code

seen-lead = We close this code at once. It will open nothing any more, for nobody, for you neither.
seen-reach = Our team will be told. We will reach you in the safe way you gave us, with a new code if you wish.
seen-way = Is there another safe way to reach you now?
seen-way-hint = If you gave us none, write one now: without the code we cannot find you. If the one you gave is still good, leave it empty.
seen-do = Close this code now
seen-way-lost = The way you wrote did not get through. If we have no other, write to us again and tick "I asked you before".
seen-done = This code is closed. It opens nothing any more.
# $when (String) - such as "2 hours ago"
# $time (String) - such as "2026-11-26 14:20 UTC"
seen-since = It is closed since { $time }, { $when }.
seen-too-late = What was written here after it was closed did not reach us. For another way, write again and tick "I asked you before".

## What we could not do

# $reason (String) - such as "we have no money for it now"
review-declined = We cannot give this help: { $reason }.
review-not-you = It is not a judgement of you. You can ask that another person looks again.
review-others = These may help:
review-words = What should they look at? You may leave it empty.
review-send = Somebody else should look again
review-done = Thank you. Another person looks at it and writes to you.
reason-could-harm = it could put you or others in more danger now
reason-not-verified = we could not check enough, safely, to send money; anything new may change that
reason-no-funds = we have no money for it now
reason-outside-mandate = our team may not give this kind
reason-covered-elsewhere = somebody else gives it already
reason-duplicate = another request asks for the same, and we go on with that one
reason-other = we wrote why in the messages

## Messages

messages-asked = We asked you, and it is still open:
# $count (Number) - how many
messages-unopened = { $count ->
    [one] { $count } message was written before you had this code. It cannot be opened here.
   *[other] { $count } messages were written before you had this code. They cannot be opened here.
}
