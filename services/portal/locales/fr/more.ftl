# Lectrice ou lecteur : une personne en danger, qui a déjà écrit et revient avec son code pour ajouter quelque chose.
# Not read by a native speaker: yes.

more-open = En dire plus
more-beside = Ce que vous avez déjà dit reste. Une nouvelle réponse se place à côté.
more-rules = Comment vous joindre et quel argent est sûr ne change jamais avant qu’une personne ait lu les deux réponses.
more-unclear = Nous ne sommes pas sûrs d’avoir compris cette réponse. Vous pouvez la dire autrement.
more-some-unclear = Nous ne sommes pas sûrs d’avoir compris toutes les réponses. Vous pouvez les dire autrement.
more-reach = Un autre moyen sûr de vous joindre
more-sent = C’est à côté de ce que vous avez déjà envoyé. Une personne lit les deux.
