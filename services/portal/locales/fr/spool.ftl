# Lectrice ou lecteur : une personne en danger, qui arrive quand rien ne peut être pris. Règles de portal.ftl.
# Not read by a native speaker: yes.

spool-full-text = Nous ne pouvons rien prendre en ce moment. N’écrivez encore rien ici. Réessayez dans un moment.
spool-full-code = Si vous avez un code, il reste bon.
spool-other-words = D’autres mots sont partis de la même page. Nous gardons les deux. Nous vous demanderons peut-être de récrire ceux-ci.
