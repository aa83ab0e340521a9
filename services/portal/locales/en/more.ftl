# Reader: somebody in danger who has sent something and comes back with their code to add to it.
# Not read by a native speaker: no (written in English first).

more-open = Tell us more
more-beside = What you told us before stays. A new answer stands beside it.
more-rules = We never change how to reach you, or whose money is safe, before a person has read both answers.
more-unclear = We could not read this answer for sure. You can say it in another way.
more-some-unclear = Some answers could not be read for sure. You can say them in another way.
more-reach = Another safe way to reach you
more-sent = It stands beside what you sent before. A person reads both.
