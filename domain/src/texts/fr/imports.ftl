# Ce qui ne va pas dans une ligne. La colonne et la valeur figurent à côté du texte.
absurd_quantity = dépasse cent fois la quantité habituelle, qui est de { $usual } ; corrigez-la, ou mettez options.absurd_quantities à warn
ambiguous_code = ne diffère que par des zéros en tête de { $codes }, qui sont plusieurs produits ; écrivez le code comme le catalogue, ou mettez options.leading_zeros à distinct
amount_too_large = le montant est trop grand
behind_open_quote = fait peut-être partie de la cellule dont le guillemet s'ouvre à la ligne { $line } ; corrigez cette ligne-là et renvoyez celle-ci avec elle
below_minimum = est inférieur au stock minimum ; le maximum doit être plus grand
contradictory_weekday = nomme un autre jour de la semaine que celui de la date ; corrigez l'un des deux
contradictory_type = est négatif alors que le type indique une vente ; corrigez l'un des deux
damaged_code_date = est une date que le tableur a faite d'un code ; mettez la colonne au format texte et saisissez le code à nouveau
damaged_code_format = est un nombre dont le format affiche autre chose ; mettez la colonne au format texte et saisissez le code comme il est affiché
damaged_code_number = est un nombre de plus de 15 chiffres, dont le tableur a perdu la fin ; mettez la colonne au format texte et saisissez le code à nouveau
damaged_code_rounded = est un nombre arrondi que le tableur a fait d'un code ; mettez la colonne au format texte et saisissez le code en entier
damaged_code_time = est une heure que le tableur a faite d'un code ; mettez la colonne au format texte et saisissez le code à nouveau
damaged_code_truth = est une valeur vrai/faux que le tableur a faite d'un code ; mettez la colonne au format texte et saisissez le code à nouveau
discount_not_a_share = doit aller de 0 à 100 pour cent
discount_too_large = dépasse le montant
formula_error = est l'erreur d'une formule ; corrigez-la dans le tableur
formula_uncomputed = est une formule sans résultat ; ouvrez le fichier dans un tableur et enregistrez-le à nouveau
future_date = est dans le futur ; corrigez-la, ou mettez options.future_dates à warn
invalid_encoding = la ligne n'est pas valide dans l'encodage du fichier ; enregistrez le fichier en UTF-8
merged_cell = fait partie d'une cellule fusionnée sur plusieurs lignes, qui ne compte que pour la première ; défusionnez-la et remplissez chaque ligne
missing_code = le code du produit manque
missing_date = la date manque
missing_money = il manque un prix ou un montant
missing_number = il manque un nombre
negative = ne peut pas être négatif
negative_price = est négatif ; pour un remboursement, c'est le type ou la quantité qui l'indique
no_visible_character = ne contient que des caractères invisibles
not_a_date = n'est pas un jour du calendrier au format { $format }
not_a_number = n'est pas un nombre { $mark ->
    [comma] à virgule
   *[point] à point
} décimal
not_a_number_cell = est une date ou une valeur vrai/faux ; mettez la cellule au format nombre
not_a_time = n'est pas une heure, comme 18:30
not_a_truth_value = n'est ni oui ni non
not_positive = doit être supérieur à zéro
not_whole_days = doit être un nombre entier de jours, { $most } au plus
nul_byte = la ligne contient un octet NUL ; exportez le fichier à nouveau
number_too_large = le nombre est trop grand
open_quote = la ligne { $line } a un guillemet qui ne se ferme pas à la fin de sa cellule ; fermez-le, ou doublez le guillemet qui fait partie du texte dans une cellule entre guillemets
too_many_decimals = a plus de { $most } décimales ; arrondissez-le
other_currency = n'est pas en { $currency } ; indiquez options.currency, ou importez chaque devise à part
positive_cancellation = est positive sur une ligne d'annulation, où elle doit être négative
title_row = la ligne n'a qu'une cellule là où les autres en ont plusieurs, comme un titre ou un pied de page ; supprimez-la, complétez-la, ou mettez options.total_rows à keep
repeated_header = la ligne répète l'en-tête
repeated_row = le fichier contient deux fois cette ligne du fichier d'erreurs
too_long = dépasse { $most } caractères
too_many_fields = la ligne a { $found } champs et l'en-tête { $expected } ; un champ qui contient le séparateur est-il sans guillemets ?
too_old = est avant l'an 2000 ; corrigez l'année
total_row = la ligne ressemble à un total ou à un pied de page ; supprimez-la, complétez-la, ou mettez options.total_rows à keep
unknown_currency = n'est pas un code ISO 4217
unknown_product = n'est pas un code du catalogue ; créez le produit, ou mettez options.unknown_products à create
unknown_site = n'est pas un site de l'entreprise ; créez-le, traduisez-le dans options.values, ou mettez options.unknown_sites à create
unknown_status = n'est ni livré, ni en attente, ni annulé ; indiquez son sens dans options.values
unknown_type = n'est ni une vente ni un retour ; indiquez son sens dans options.values
zero_quantity = est nulle, ce qui n'est pas une vente

# Pourquoi un fichier entier est refusé.
all_rows_rejected = { $rows ->
    [one] l'unique ligne est fausse
   *[other] les { $rows } lignes sont toutes fausses
}
columns_of_another_kind = le fichier ressemble à { $kind ->
    [sales] des ventes, car il a { $listed } : envoyez-le avec le type sales, ou indiquez « { $column } » comme quantity dans options.mapping si c'est le stock compté
   *[other] un fichier d'un autre type
}
days_not_whole = le fichier remplacerait des journées entières, et { $rows ->
    [one] une de ses lignes n'est pas lisible
   *[other] { $rows } de ses lignes ne sont pas lisibles
 } : corrigez-les, ou importez-le comme d'autres ventes (add) ou réuni à ce qui est enregistré (union)
empty_file = le fichier n'a aucune ligne
empty_spreadsheet = le classeur n'a aucune cellule
file_damaged = le fichier enregistré n'est pas celui qui a été envoyé ; envoyez-le à nouveau
file_is_empty = le fichier est vide
file_not_read = le fichier ne peut pas être lu ({ $cause })
header_repeats_on = il figure à nouveau à la ligne { $line } : le fichier contient plusieurs tableaux, exportez-le en un seul tableau avec une ligne par vente
header_seems_on = la ligne { $line } ressemble le plus à un en-tête
import_failed = l'import a échoué de notre côté ; envoyez le fichier à nouveau
import_job_ended = le travail sur l'import a été arrêté ; envoyez le fichier à nouveau
looks_like_gzip = on dirait du gzip : décompressez-le d'abord
looks_like_old_excel = on dirait un ancien fichier Excel : enregistrez-le en XLSX ou en CSV
looks_like_pdf = on dirait un PDF
map_columns = indiquez les colonnes dans options.mapping
missing_column = aucune colonne ne contient { $missing } ; le fichier a { $listed }
missing_header = le fichier n'a pas d'en-tête à la ligne { $line }
name_the_encoding = le fichier est peut-être encodé en { $encodings } : indiquez son encodage dans options.encoding
named_column_missing = aucune colonne ne s'appelle « { $title } » ; le fichier a { $listed }
no_header_found = aucun en-tête n'a été trouvé
no_rows = le fichier a un en-tête et aucune ligne
not_a_table = le fichier n'est ni un CSV ni un XLSX
one_column_only = l'en-tête n'a qu'une colonne, ce qui suggère un autre séparateur
row_too_long = la ligne { $line } dépasse 1 Mio ; un guillemet est-il resté ouvert ?
rows_rejected = { $rows ->
    [one] { $rows } ligne est fausse
   *[other] { $rows } lignes sont fausses
} et le mode est all_or_nothing
spreadsheet_too_complex = le classeur ne peut pas être lu, parce { $limit ->
    [cell] qu'une de ses cellules contient plus de 32 767 caractères
    [depth] que ses éléments sont trop imbriqués
    [formats] qu'il a plus de 65 490 formats
    [merges] qu'il a plus de 65 536 cellules fusionnées
    [parts] qu'il a plus de 10 000 parties
    [relations] qu'il a trop de relations
    [sheets] qu'il a plus de 1 000 feuilles
   *[texts] qu'il a plus de 2 000 000 de textes différents, ou 32 Mio de textes
} ; enregistrez la feuille en CSV
spreadsheet_too_large = un classeur peut avoir jusqu'à 50 Mio ; enregistrez-le en CSV
spreadsheet_unreadable = le fichier n'est ni un CSV ni un XLSX lisible ({ $cause }) ; enregistrez-le à nouveau, ou en CSV
too_many_columns = la ligne { $line } a plus de { $most } colonnes
too_many_errors = plus d'un million de lignes sont fausses ; est-ce le bon fichier ?
undecodable_file = le fichier ne peut pas être décodé ; enregistrez-le en UTF-8
unknown_encoding = l'encodage indiqué est inconnu
unknown_file_currency = « { $code } » n'est pas un code ISO 4217
unknown_sheet = aucune feuille ne s'appelle « { $asked } » ; le fichier a « { $names } »
unknown_timezone = « { $name } » n'est pas un fuseau de l'IANA
unpacks_too_large = le classeur décompressé dépasse ce qui est permis ; enregistrez la feuille en CSV
unreadable_file = le fichier ne peut pas être lu ; enregistrez-le à nouveau, ou en CSV
utf_32 = l'UTF-32 n'est pas pris en charge ; enregistrez le fichier en UTF-8
value_out_of_range = une valeur du fichier dépasse ce qui peut être enregistré

# Questions sur un fichier.
ask_date_format_contradiction = la colonne « { $column } » se contredit sur l'ordre du jour, du mois et de l'année : { $examples } ; les lignes que votre réponse ne peut pas lire sont rejetées
ask_date_format_undecided = la colonne « { $column } » ne décide pas de l'ordre du jour, du mois et de l'année : { $examples }
ask_decimal_contradiction = la colonne « { $column } » se contredit sur le signe décimal : { $examples } ; les lignes que votre réponse ne peut pas lire sont rejetées
ask_decimal_undecided = la colonne « { $column } » ne décide pas du signe décimal : { $examples }
ask_discounts = la colonne « { $column } » n'a aucun nombre au-dessus de 1 : { $examples } ; ses nombres sont-ils des fractions, comme 0,1 pour dix pour cent ?
ask_encoding_contradiction = le fichier se contredit sur son encodage : { $readings }
ask_encoding_undecided = le fichier ne décide pas de son encodage : { $readings }
ask_leading_zeros = des codes de la colonne « { $column } » ne diffèrent de codes connus que par des zéros en tête, que les tableurs suppriment : { $examples } ; est-ce que ce sont les mêmes produits ?
ask_mapping = les colonnes { $columns } peuvent chacune contenir { $field } ; laquelle est la bonne ?
ask_repeated_counts = le produit { $code } est compté aux lignes { $lines } ; son stock est-il leur somme, ou le dernier compte ?
ask_same_day = d'autres fichiers contiennent des ventes de { $days } { $days ->
    [one] jour
   *[other] jours
 } de celui-ci. Le { $day }, { $recorded } lignes sont enregistrées et le fichier en a { $lines }, dont { $known } déjà enregistrées. Est-ce que le fichier est la journée entière (replace), est-ce que ses lignes sont d'autres ventes (add), ou est-ce qu'une ligne que les deux ont est une seule vente (union) ?
ask_sheet = plusieurs feuilles ont des lignes sous les colonnes de cet import : « { $names } » ; laquelle faut-il lire ? Pour en importer plusieurs, envoyez le fichier une fois pour chacune
ask_typed_dates = la colonne « { $column } » contient des dates ({ $dates }) et des textes ({ $texts }), comme les fait un tableur réglé sur un autre pays : il prend le jour pour le mois jusqu'au 12, et laisse les autres jours en texte. Les dates sont-elles justes comme elles sont affichées (as_shown), ou leur jour et leur mois sont-ils inversés (swapped) ?
example = « { $value } » (ligne { $line })
reading_of_line = la ligne { $line } se lit { $readings }
similar_codes = « { $value } » (ligne { $line }) et « { $known } »

# Lignes acceptées qu'il faut vérifier.
warn_absurd_quantities = plus de cent fois la quantité habituelle du produit
warn_changed_lines = la ligne était enregistrée avec d'autres valeurs, qu'elle remplace
warn_damaged_codes = le code ressemble à ce qu'un tableur fait d'un autre, comme une date de 3-1 ou 17.0 de 17 ; est-il juste ?
warn_differing_amounts = le montant n'est pas le prix fois la quantité ; le montant compte, la différence est la remise
warn_dropped_lines = égale en tout une ligne précédente et a été écartée
warn_duplicate_lines = égale en tout une ligne précédente et a été gardée ; options.duplicates peut l'écarter
warn_future_dates = la date est dans le futur
warn_garbled_text = le texte semble abîmé ; l'encodage est-il le bon ?
warn_lines_taken = la ligne a perdu son numéro dans le fichier d'erreurs et l'a trouvé pris ; elle n'a pas été importée à nouveau
warn_further_lines = la ligne corrigée est égale à une vente déjà enregistrée, ou a déjà été envoyée avec une autre correction ; elle a été ajoutée comme une vente de plus. Retirez cet import si c'est la même
warn_hidden_rows = la ligne est masquée dans le tableur, peut-être par un filtre, et a été importée
warn_look_alike_code = le code ressemble à { $other }, qui est un autre produit : est-ce le même ?
warn_look_alike_codes = des codes qui ressemblent à ceux d'autres produits
warn_missing_lines = une ligne enregistrée du même document que le fichier n'a pas ; elle reste
warn_moved_lines = la ligne était enregistrée à un autre jour ou sur un autre site, et change de place
warn_negative_prices = le prix est négatif
warn_repeated_product = le fichier nomme aussi ce produit à la ligne { $line }, avec d'autres valeurs ; c'est cette ligne-ci qui compte
warn_repeated_products = le fichier nomme aussi ce produit à une ligne précédente, avec d'autres valeurs ; la dernière ligne compte
warn_replaced_lines = une vente enregistrée des jours de ce fichier, qu'il ne contient pas ; elle a été annulée
warn_returned_lines = le fichier annule une vente dont des unités sont peut-être déjà revenues ; si le retour de ce produit est le sien, annulez aussi le retour
warn_rounded_numbers = le nombre a été calculé avec plus de décimales que celles qui sont gardées, et a été arrondi
warn_superseded_lines = une ligne suivante a le même identifiant ; c'est elle qui compte
warn_total_rows = la ligne est le total de celles au-dessus et a été laissée de côté
warn_typed_texts = un nom est une date, une valeur vrai/faux ou un nombre d'un autre format dans le tableur ; saisissez-le en texte s'il doit se lire autrement
warn_unknown = à vérifier
warn_unmoved_lines = le stock a été compté le jour de cette vente, qui n'a pas d'heure : la vente est placée avant l'inventaire et ne change pas le niveau. Comptez à nouveau, ou envoyez un fichier avec les heures

# Un fichier pour lequel le serveur n'a pas de place.
no_space = le serveur n'a plus de place pour des fichiers en ce moment, et rien de celui-ci n'a été conservé : renvoyez-le dans une heure, et prévenez-nous s'il est encore refusé

# Un fichier sans place dans le quota de son entreprise.
quota_bytes = les fichiers de votre entreprise peuvent occuper { $limit } Mio, et celui-ci ne tient pas dans ce qui reste
quota_file_too_large = ce fichier dépasse à lui seul ce que tous les fichiers de votre entreprise peuvent occuper, soit { $limit } Mio : divisez-le en fichiers plus petits et envoyez-les l'un après l'autre
quota_files = votre entreprise conserve { $limit ->
    [one] { $limit } fichier
   *[other] { $limit } fichiers
}, le maximum permis
quota_has_room = les fichiers des imports terminés sont supprimés avec le temps : il y aura de la place pour celui-ci le { $day }
quota_open_imports = votre entreprise a { $limit ->
    [one] { $limit } import en cours
   *[other] { $limit } imports en cours
}, le maximum à la fois, envois et aperçus compris : attendez la fin de l'un d'eux, répondez aux questions de ceux qui vous attendent, ou annulez-en un
quota_uploads = votre entreprise envoie ou prévisualise { $limit ->
    [one] { $limit } fichier
   *[other] { $limit } fichiers
}, le maximum à la fois : renvoyez celui-ci quand l'un d'eux sera terminé
quota_waits_for_imports = les fichiers des imports qui ne sont pas terminés prennent de la place : annulez ceux qui vous attendent et dont vous n'avez pas besoin, ce qui supprime leurs fichiers
quota_waits_for_uploads = des envois ou des aperçus sont en cours : renvoyez ce fichier quand ils seront terminés

# Un fichier qui dépasse ce que comprend la formule de son entreprise.
plan_products = { $limit ->
    [one] votre formule comprend un produit
   *[other] votre formule comprend { $limit } produits
  } : vous en avez { $held }, et ce fichier en ajoute { $added } ; archivez les produits que vous ne vendez plus, retirez-les du fichier, ou choisissez une formule plus grande
plan_rows = { $limit ->
    [one] votre formule comprend une ligne importée par mois
   *[other] votre formule comprend { $limit } lignes importées par mois
  } : { $used } sont utilisées, et ce fichier en ajoute { $added } ; retirez des lignes, envoyez-le à partir du { $day }, ou choisissez une formule plus grande
