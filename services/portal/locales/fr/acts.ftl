# Lectrice ou lecteur : une personne revenue avec un code, peut-être pressée, et peut-être sous le regard de quelqu’un.
# Not read by a native speaker: yes.

act-proposal = Ce que nous proposons
act-agreement = L’accord
act-money = Est-ce arrivé ?
act-report = Comment cela s’est passé
act-review = Ce que nous n’avons pas pu faire
act-change = Autre chose : plus de temps, un changement
act-stop = Arrêter ma demande
act-seen = D’autres ont vu mon code
act-next = Montrer la suite

acts-done = Merci. C’est bien noté.
acts-before = Vous l’avez fait { $when } : { $time }.
acts-before-ever = Vous l’avez déjà fait.
acts-before-else = Si quelque chose a changé, écrivez-le-nous.
acts-nothing = Il n’y a rien à faire ici maintenant.
acts-changed = Cela a changé pendant votre lecture. Rien n’est parti. Voici ce qui est écrit maintenant.
acts-choose = Faites d’abord un choix.
another-code = Cette page était ouverte avec un autre code. Rien n’est parti. Regardez à qui sont ces messages.

offer-up-to = Jusqu’à :
offer-from = Du :
offer-until = Au :
offer-closed = Votre code n’ouvre pas ce texte. Écrivez-nous, et nous l’envoyons de nouveau.
proposal-lead = Lisez sans vous presser. Est-ce juste pour vous ?
proposal-words = Si quelque chose n’est pas juste : quoi ?
proposal-agree = C’est juste
proposal-wrong = Ce n’est pas juste
proposal-agree-done = Merci. Nous décidons ensuite.
proposal-wrong-done = Merci. Nous regardons de nouveau et nous vous écrivons.
agreement-lead = Lisez sans vous presser. Vous pouvez dire non. Cela ne vous sera jamais reproché.
agreement-accept = J’accepte
agreement-refuse = Je refuse
agreement-refuse-donor = Je refuse seulement cette source d’argent
agreement-accept-done = Merci. C’est accepté.
agreement-refuse-done = Merci. C’est refusé. Nous vous écrivons.
agreement-refuse-donor-done = Merci. Nous cherchons un autre argent.

money-lead = Dites-nous ce qui vous est parvenu. Prenez votre temps.
money-sent = Nous avons envoyé :
money-all = Tout est arrivé
money-how-much = Combien est arrivé ?
money-less = Une partie est arrivée
money-none = Pas encore
money-elsewhere = Je ne peux pas le dire ici
money-done = Merci. C’est bien noté.
money-none-done = Merci. Nous cherchons où cela se trouve. Dites-nous quand cela arrive.
money-elsewhere-done = Nous comprenons. Nous vous le demanderons par le moyen sûr que vous avez donné. Si vous n’en avez donné aucun, revenez quand personne ne regarde.

report-lead = Quelques phrases suffisent. Qu’est-ce que cela a changé ? À quoi cela a-t-il servi ? Ne nommez personne.
report-words = Comment cela s’est-il passé ?
report-send = Envoyer

change-lead = Il vous faut plus de temps, ou autre chose ? Dites-nous quoi, et pourquoi si vous pouvez.
change-words = Que faut-il changer ?
change-send = Envoyer

stop-lead = Nous ne commençons plus rien de nouveau. Ce qui est déjà parti peut encore arriver. Vous pourrez redemander à tout moment.
stop-why = Pourquoi ? Vous n’avez pas à le dire.
stop-unsaid = Je préfère ne pas le dire
stop-helped-elsewhere = D’autres m’aident
stop-too-dangerous = C’est trop dangereux
stop-no-longer-needed = Je n’en ai plus besoin
stop-other = Autre chose
stop-do = Arrêter ma demande
stop-done = C’est arrêté. Vous pouvez encore lire les messages, et nous écrire.

seen-lead = Nous fermons ce code tout de suite. Il n’ouvrira plus rien, pour personne, pour vous non plus.
seen-reach = Notre équipe le saura. Nous vous joindrons par le moyen sûr que vous avez donné, avec un nouveau code si vous voulez.
seen-way = Y a-t-il maintenant un autre moyen sûr de vous joindre ?
seen-way-hint = Si vous n’en avez donné aucun, écrivez-en un : sans le code, nous ne pouvons pas vous retrouver. Si le vôtre reste bon, laissez vide.
seen-do = Fermer ce code maintenant
seen-way-lost = Le moyen que vous avez écrit n’est pas arrivé. Si nous n’en avons pas d’autre, écrivez-nous de nouveau et cochez « Je vous ai déjà écrit ».
seen-done = Ce code est fermé. Il n’ouvre plus rien.
seen-since = Fermé depuis { $time }, { $when }.
seen-too-late = Ce qui a été écrit ici après sa fermeture ne nous est pas parvenu. Pour un autre moyen, écrivez de nouveau et cochez « Je vous ai déjà écrit ».

review-declined = Nous ne pouvons pas donner cette aide : { $reason }.
review-not-you = Ce n’est pas un jugement sur vous. Vous pouvez demander qu’une autre personne regarde de nouveau.
review-others = D’autres peuvent aider :
review-words = Que faut-il regarder ? Vous pouvez laisser vide.
review-send = Faire regarder par une autre personne
review-done = Merci. Une autre personne regarde et vous écrit.
reason-could-harm = elle pourrait vous mettre plus en danger maintenant, vous ou d’autres
reason-not-verified = nous n’avons pas pu vérifier assez, sans danger, pour envoyer de l’argent ; un fait nouveau peut changer cela
reason-no-funds = nous n’avons pas d’argent pour cela maintenant
reason-outside-mandate = notre équipe n’a pas le droit de la donner
reason-covered-elsewhere = d’autres la donnent déjà
reason-duplicate = une autre demande porte sur la même chose, et nous continuons avec elle
reason-other = nous avons écrit pourquoi dans les messages

messages-asked = Notre question, encore ouverte :
messages-unopened = { $count ->
    [one] { $count } message date d’avant ce code. Il ne peut pas être ouvert ici.
    [many] { $count } de messages datent d’avant ce code. Ils ne peuvent pas être ouverts ici.
   *[other] { $count } messages datent d’avant ce code. Ils ne peuvent pas être ouverts ici.
}
