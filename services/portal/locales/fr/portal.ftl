# Lectrice ou lecteur : une personne en danger, fatiguée, dont le français n'est peut-être pas la première langue.
# Not read by a native speaker: yes.
# « vous » ; aucun participe qui demande un genre ; espace fine insécable avant ? ! ; et insécable avant les deux-points.
# Code = « votre code » (jamais « reçu ») ; « votre demande » (jamais dossier, requérant, bénéficiaire, veuillez).

language-name = Français

title-write = Nous écrire
title-code = Votre code
title-messages = Messages
title-back = Revenir
title-about = À propos de cette page
title-error = Erreur

leave = Quitter ce site
also = Aussi
link-home = Première page
link-safe = Comment se protéger
link-lost = J’ai perdu mon code
link-complain = Se plaindre de nous
link-back = J’ai un code
link-status = Où cela en est

hours = { $hours ->
    [one] { $hours } heure
    [many] { $hours } d’heures
   *[other] { $hours } heures
}
minutes = { $minutes ->
    [one] { $minutes } minute
    [many] { $minutes } de minutes
   *[other] { $minutes } minutes
}
days = { $days ->
    [one] { $days } jour
    [many] { $days } de jours
   *[other] { $days } jours
}
in-span = dans { $span }
within-span = d’ici { $span }
ago-span = il y a { $span }
now = maintenant

home-heading = Dites-nous ce qui s’est passé
home-two = Deux réponses suffisent. Envoyez maintenant, ajoutez le reste plus tard.
home-free = Il ne faut ni compte, ni vrai nom, ni carte de presse.
home-who-heading = Qui peut demander
home-who = Reporters, photographes, fixeurs, chauffeurs, interprètes, blogueurs, techniciens, médias, groupes sans statut, et familles : femmes et hommes.
home-who-none = Il ne faut ni média, ni carte de presse, ni statut officiel.
home-reading = Quelqu’un lit en ce moment.
home-reading-again = Quelqu’un lira de nouveau { $when }.
home-critical = Si une vie est en danger, nous lisons à toute heure.
home-next-heading = Ce qui se passe ensuite
home-next = Une personne lit votre message. Elle peut vous poser une question. Elle vous dit ce que nous pouvons faire ou non, et pourquoi. Vous pouvez arrêter à tout moment.
home-helplines = D’autres répondent au téléphone à toute heure
home-start = Nous écrire

ask-heading = Dites-nous ce qui s’est passé.
ask-lead = Deux réponses suffisent. Envoyez maintenant, ajoutez le reste plus tard. Il ne faut ni compte, ni vrai nom, ni carte de presse.
danger = Y a-t-il bientôt un risque de mort, de blessure, d’arrestation ou d’enlèvement ?
danger-hint = Nous pensons aux prochaines { $span }. Si oui, une personne lit ceci en premier. Aucune preuve n’est nécessaire maintenant.
yes = Oui
no = Non
unsure = Je ne sais pas
story = Que s’est-il passé, et quand ?
story-hint = Quelques phrases suffisent. Ne nommez pas vos sources.
reach = Comment vous joindre sans danger ?
reach-hint = Dites le moyen, les heures, et ce que nous ne devons jamais écrire ni dire. Si c’est seulement ici, choisissez-le.
reach-there = Écrivez-moi par ce moyen
reach-here = Seulement sur cette page
reach-here-hint = Alors votre code est le seul chemin de retour. Sans lui, nous ne pouvons pas vous retrouver.
phone = Ce téléphone ou cet ordinateur
phone-mine = Moi seulement
phone-shared = D’autres le voient
name = Un nom pour vous appeler
name-hint = N’importe quel nom. Ce n’est pas forcément le vôtre.
send = Envoyer maintenant
send-hint = En envoyant, vous permettez à cette équipe de vous lire pour vous aider. Si la page échoue, rechargez-la ; Retour la vide.
more-heading = Plus, si vous pouvez
more-lead = Vous pouvez laisser vide tout ce qui suit.
your-language = Langue pour vous écrire
who = Qui demande ?
who-individual = Une personne
who-outlet = Un média
who-organisation = Une organisation
who-group = Un groupe sans statut officiel
who-alone = Je travaille sans média
where-now = Pays où vous êtes maintenant
where-it = Pays où cela s’est passé
where-hint = Laissez vide si c’est plus sûr.
nothing-heading = Et si rien n’est fait ?
nothing-within = D’ici { $span }
needs = Qu’est-ce qui aiderait ?
need-medical = Médecin, médicaments
need-legal = Avocate ou avocat
need-relocation = Un lieu plus sûr
need-equipment = Du matériel
need-subsistence = Nourriture, loyer, dépenses courantes
need-psychosocial = Quelqu’un à qui parler
need-digital = Téléphones, comptes, ordinateurs
need-family = Ma famille
need-continuity = Continuer à publier
people = Environ combien de personnes ? Sans noms.
amount = Environ combien d’argent ?
amount-hint = Une estimation suffit et n’engage personne. Laissez vide en cas de doute.
currency = Monnaie
needed-by = Pour quand ?
payment = Moyens sûrs pour recevoir de l’argent
endangering = L’argent de qui vous mettrait en danger ?
others = À qui d’autre avez-vous demandé ?
may-check = Vous pouvez leur parler de moi
asked-before = Je vous ai déjà écrit
references = Deux personnes : qui peut confirmer ?
references-hint = Ce n’est pas nécessaire maintenant.
reference-who = Qui ?
reference-contact = Comment les joindre sans danger ?
may-name = Vous pouvez leur dire mon nom
anything = Autre chose

error-heading = Il y a un problème
error-nothing-sent = Rien n’est encore parti. Votre texte est toujours ici.
error-story-empty = Écrivez ce qui s’est passé.
error-reach-empty = Écrivez comment vous joindre, ou choisissez « Seulement sur cette page ».
error-long = C’est trop long. Raccourcissez, et écrivez le reste plus tard.

code-heading = Nous l’avons.
code-by = Une personne le lira { $when }, avant { $time }.
code-opens = Ce code ouvre nos messages. Notez-le là où personne d’autre ne regarde, à part de l’adresse de ce site. Nous ne pourrons plus vous le montrer.
code-finder = Qui le trouve peut lire nos messages et écrire à votre place. Si quelqu’un l’a vu, dites-le-nous tout de suite sous « D’autres ont vu mon code ».
code-digits = Votre code en chiffres
code-words = Votre code en mots
code-one-of = Chiffres ou mots : un seul des deux suffit.
code-address = L’adresse de ce site. Notez-la à part du code :
code-kept = Je l’ai noté
code-check = Vérifier ce que j’ai noté
code-piece = Morceau { $place }
code-check-right = C’est juste.
code-check-wrong = Ce n’est pas ce qui est ici. Regardez ce que vous avez noté.
code-cannot = Je ne peux pas le garder ici
code-other-words = D’autres mots sont partis de la même page. Nous avons les deux.

cannot-heading = Ce n’est pas grave.
cannot-reach = Nous vous écrirons par le moyen que vous avez donné. Rien n’est perdu.
cannot-here = Sans le code, nous ne pouvons pas vous retrouver. Donnez-nous un moyen sûr de vous joindre, ou gardez le code.
cannot-reach-send = Envoyer ce moyen
cannot-now = Nous ne pouvons pas encore prendre un autre moyen de vous joindre. Gardez le code pour l’instant, et réessayez dans un moment.

back-heading = Votre code
back-label = Tapez votre code, en mots ou en chiffres
back-hint = Espaces, virgules et retours à la ligne ne comptent pas.
back-hide = Cacher ce que je tape
back-open = Ouvrir
back-empty = Écrivez les dix mots, ou les huit groupes de chiffres.
back-mixed = Écrivez les mots ou les chiffres, pas les deux.
back-words-count = Mots écrits : { $found }. Le code en a { $expected }.
back-digits-count = Chiffres écrits : { $found }. Le code en a { $expected }.
back-word = Le mot { $place } n’est pas un des nôtres. Vérifiez son orthographe.
back-nearest = Peut-être : { $word }
back-order = Un mot n’est pas le bon, ou l’ordre des mots n’est pas le bon.
back-group = Le groupe { $place } n’est pas juste. Regardez ses chiffres.
back-not-found = Nous ne trouvons pas encore ce code ici. L’envoi est-il récent ? Attendez un peu, puis réessayez. Si cela dure, ouvrez « J’ai perdu mon code ».
back-later = Nous ne pouvons pas regarder maintenant. Votre code reste bon. Réessayez dans un moment.

status-heading = Messages
status-ours = C’est notre tour. Vous aurez de nos nouvelles { $when }, avant { $time }.
status-ours-open = C’est notre tour. Vous aurez de nos nouvelles.
status-theirs = C’est votre tour : nous vous avons posé une question. Prenez votre temps. Le silence ne ferme jamais votre demande.
status-late = Nous sommes en retard. Nous avions dit { $time }. La personne qui dirige notre équipe le sait.
status-ended = Cette conversation est finie. Vous pouvez encore nous écrire.
status-paused = Nous attendons que ce soit sûr pour vous. Vous pouvez encore nous écrire.
status-since = Dernier changement : { $when }.
status-open = Ouvrir les messages
status-idle = Après un moment, il faut retaper votre code. Ce qui est à l’écran reste : quittez ce site quand vous avez fini.
messages-none = Rien n’est encore écrit.
messages-us = Nous
messages-you = Vous
messages-write = Nous écrire
messages-send = Envoyer
messages-sent = C’est parti.
messages-empty = Écrivez d’abord quelque chose.
messages-long = C’est trop long. Envoyez-le en deux fois.
session-over = Pour votre sécurité, il faut retaper votre code.

safe-heading = Comment se protéger
safe-history = L’historique du navigateur garde l’adresse de cette page. Nous ne pouvons pas l’effacer.
safe-between = Opera Mini, « économie de données » et les navigateurs dans d’autres applications laissent lire ce que vous tapez.
safe-voice = La dictée envoie votre voix à une entreprise. Certains claviers retiennent ce que vous tapez.
safe-recent = La liste des applications récentes montre une image de cette page. Fermez la page quand vous avez fini.
safe-form = Le texte tapé et les téléchargements peuvent rester sur le téléphone.
safe-leave = « Quitter ce site » ferme vos messages ici et ouvre un autre site. L’historique n’est pas effacé.
safe-code = Gardez votre code là où personne d’autre ne regarde, à part de l’adresse de ce site.
lost-heading = J’ai perdu mon code
lost-goes-on = Votre demande continue. Nous ne pouvons pas montrer le code de nouveau.
lost-way = Nous prendrons le moyen que vous avez donné. Si vous n’en avez donné aucun, écrivez de nouveau et cochez « Je vous ai déjà écrit ».
complain-heading = Se plaindre de nous
complain-text = Ces personnes ne travaillent pas dans notre équipe. Elles vous écoutent si nous avons mal agi envers vous.
complain-none = Aucun nom hors de notre équipe n’est encore ici. Vous pouvez nous l’écrire, et demander que la direction de l’équipe le lise.
not-found-heading = Cette page n’existe pas
not-found-text = Rien de ce que vous avez envoyé n’est perdu. Allez à la première page.
too-large-heading = C’est trop grand
too-large-text = Rien n’est parti. Raccourcissez, et écrivez le reste plus tard.
away-heading = Nous ne pouvons pas le prendre maintenant
away-text = Nous ne savons pas si c’est arrivé. Réessayez dans un moment : rechargez cette page. Les mêmes mots ne comptent qu’une fois.
altered-heading = Quelque chose a changé cette page
altered-text = Rien n’est parti. Cette page est peut-être trop ancienne. Ou quelqu’un, entre vous et nous, lit ou change les pages. Prenez un autre réseau ou navigateur si possible.
elsewhere-heading = Cela ne vient pas de notre page
elsewhere-text = Rien n’a été fait. Ouvrez notre première page et réessayez.
broken-heading = Quelque chose ne marche pas ici
broken-text = C’est notre faute, pas la vôtre. Réessayez dans un moment.
