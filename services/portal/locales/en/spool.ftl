# Reader of this catalogue: somebody in danger who comes when nothing can be taken. Rules as in portal.ftl.
# Not read by a native speaker: no (written in English first).

spool-full-text = We cannot take new words at the moment. Please write nothing here yet. Try again in a while.
spool-full-code = If you have a code, it is still good.
spool-other-words = You sent other words with the same page. We keep both. We may ask you to write these again.
