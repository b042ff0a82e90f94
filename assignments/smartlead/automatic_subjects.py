"""Phrases at the beginning of subjects that programs write, in many languages.

Phrases are separated by `|`. The tables differ in what must follow a phrase, since
people use some of them, too: "Delivery failed" may be about a parcel.
"""
# ruff: noqa: RUF001

# Only before a colon, as Exchange and similar servers write the subject of a bounce.
BOUNCE_WITH_COLON = """
Undeliverable | Undelivered | Delivery failure | Delivery failed | Delivery has failed
Returned to sender | Rejected message | Unzustellbar | Nicht zustellbar
Zustellung fehlgeschlagen | Non remis | Non distribuable | Non délivré | Non livré
Échec de la remise | Échec de remise | Échec de livraison | Notification d'échec
No se puede entregar | No entregado | No se pudo entregar | No entregable
Error de entrega | No se ha podido entregar | Não é possível entregar | Não entregue
Não foi possível entregar | Falha na entrega | Falha de entrega | Impossível entregar
Non recapitabile | Impossibile recapitare | Recapito non riuscito | Non consegnabile
Mancato recapito | Errore di recapito | Mancata consegna | Onbestelbaar | Niet bezorgd
Kan niet worden bezorgd | Bezorging mislukt | Niet afgeleverd | Niedostarczone
Niedostarczalne | Nie można dostarczyć | Nie dostarczono | Zwrot wiadomości
Nie udało się dostarczyć | Nedoručitelné | Nedoručeno | Nelze doručit | Nedoručiteľné
Nie je možné doručiť | Olevererbart | Oleveransbart | Kan inte levereras
Ej levererat | Går inte att leverera | Det gick inte att leverera
Det går inte att leverera | Leveransfel | Kan ikke leveres | Ikke leveret
Ikke levert | Uleverbar | Uleverbart | Leveringsfejl | Leveringsfeil
Ei voi toimittaa | Ei voida toimittaa | Toimittamaton | Ei toimitettavissa
Toimitus epäonnistui | Kézbesíthetetlen | Nem kézbesíthető | Sikertelen kézbesítés
Nelivrabil | Nelivrat | Nu se poate livra | Imposibil de livrat | Nu poate fi livrat
Teslim edilemiyor | Teslim edilemedi | Teslim edilemez | Gönderilemedi | Недоставлено
Не доставлено | Не удается доставить | Не удалось доставить | Недоставленное
Невозможно доставить | Не вдається доставити | Не вдалося доставити
Δεν είναι δυνατή η παράδοση | Μη παραδοτέο | Δεν παραδόθηκε | Αδυναμία παράδοσης
לא ניתן למסירה | לא ניתן למסור | לא נמסר | تعذر التسليم | غير قابل للتسليم
لم يتم التسليم | 配信できません | 配信エラー | 未配信 | 未送达 | 未传递 | 无法传递
无法送达 | 無法傳遞 | 無法傳送 | 無法投遞 | 배달되지 않음 | 배달되지 못함
배달할 수 없음 | 배달 실패 | 전송 실패
"""
# Before a colon, a dash, a bracket or the end: these are only used of mail.
BOUNCE = """
Undelivered Mail | Undeliverable mail | Undeliverable message | Undelivered message
Delivery Status Notification | Delivery Failure Notification | Mail delivery failed
Mail delivery failure | Message delivery failed | Message delivery failure
Message undeliverable | Message not delivered | Mail not delivered
Email not delivered | Mail System Error | Non-delivery report | Non delivery report
Non-delivery notification | Returned mail | Returned email | Failure notice
Unzustellbare Nachricht | Nachricht unzustellbar | Nachricht nicht zustellbar
Unzustellbarkeitsbericht | Zustellung der Nachricht fehlgeschlagen | Message non remis
Courrier non remis | Courrier électronique non distribué | Mensaje no entregado
Correo no entregado | Mensagem não entregue | Não foi possível entregar a mensagem
Não é possível entregar a mensagem | Messaggio non recapitato
Nie można dostarczyć wiadomości | Viestiä ei voitu toimittaa
Недоставленное сообщение | Сообщение не доставлено | Повідомлення не доставлено
配信不能 | 不達通知 | 未传递的邮件 | 退信 | 系统退信 | 반송 메일
送信できませんでした
"""
# Whatever follows.
BOUNCE_NOTICES = """
Undelivered Mail Returned to Sender
Mail delivery failed: returning message to sender
Mail delivery failed, returning message | Mail System Error - Returned Mail
Delivery Status Notification | Returned mail: see transcript for details
Warning: could not send message
"""

# Before a colon, the end, or the days of an absence ("Abwesend bis 4.5.").
ABSENCE = """
On vacation | OOO | OOTO | On leave | Annual leave | Abwesenheit | Abwesend
Außer Haus | Im Urlaub | Urlaub | Absence | Absent | Absente | En congé | En congés
Absence temporaire | Ausente | Ausencia | De vacaciones | Ausência temporária
Ausência | De férias | Em férias | Fuori sede | Assente | Assenza | In ferie | Afwezig
Afwezigheid | Niet aanwezig | Met vakantie | Op vakantie | Frånvaro | Frånvarande
Fravær | Fraværende | Ikke til stede | På ferie | På semester | Poissa | Lomalla
Nieobecność | Nieobecny | Na urlopie | Mimo kancelář | Nepřítomnost | Neprítomnosť
Mimo kanceláriu | Nepřítomen | Távollét | Szabadságon | În concediu | İzinde
Нет на месте | В отпуске | У відпустці | Απουσία | 不在 | 外出 | 부재중 | 부재 중
Read receipt
"""
# Before a colon, a dash, a bracket, the end, or the days of an absence.
AUTOMATIC = """
Automatic reply | Automatic response | Automated reply | Automated response
Automatic acknowledgement | Auto reply | Auto-reply | Autoreply | Auto response
Auto-response | Autoresponse | Auto responder | Auto-responder | Autoresponder
Vacation reply | Vacation response | Vacation notice | Vacation message
Out of office | Out of the office | Out-of-office | Out of office reply
Out of office auto reply | Out of office autoreply | Out of office automatic reply
Out of office response | Out of office notification | Out of office message
Out of office notice | Out of the office reply | I am out of the office
I'm out of the office | I am out of office | I'm out of office | Away from the office
Away from my mail | Away from office | Currently out of office | Automatische Antwort
Automatische Rückantwort | Automatische Abwesenheitsnotiz | Abwesenheitsassistent
Abwesenheitsagent | Abwesenheitsantwort | Nicht im Büro | Ich bin im Urlaub
Automatische Empfangsbestätigung | Auto-Antwort | Réponse automatique | Réponse auto
Absence du bureau | Absent du bureau | Absente du bureau | Absent(e) du bureau
Absence de bureau | Hors du bureau | Respuesta automática | Contestación automática
Autorespuesta | Auto-respuesta | Fuera de la oficina | Fuera de oficina
Estoy fuera de la oficina | Ausente de la oficina | Resposta automática
Fora do escritório | Fora de escritório | Ausente do escritório | Estou de férias
Risposta automatica | Fuori ufficio | Assenza dall'ufficio | Assente dall'ufficio
Sono fuori ufficio | Automatisch antwoord | Automatische reactie | Automatisch bericht
Niet op kantoor | Autosvar | Automatiskt svar | Automatisk svar | Auto-svar
Ikke på kontoret | Inte på kontoret | Ute av kontoret | Ej på kontoret
Automaattinen vastaus | Automaattivastaus | Poissa toimistosta
Odpowiedź automatyczna | Automatyczna odpowiedź | Autoodpowiedź | Poza biurem
Nieobecność w biurze | Automatická odpověď | Automatická odpoveď | Automatická reakce
Automatikus válasz | Házon kívül | Irodán kívül | Răspuns automat | Raspuns automat
Absent de la birou | În afara biroului | Otomatik yanıt | Otomatik cevap
Ofis dışında | Ofis dışı | Автоответ | Автоматический ответ | Автоответчик | Вне офиса
Автоматическое уведомление | Автоматична відповідь | Автовідповідь
Автоматичен отговор | Поза офісом | Αυτόματη απάντηση | Εκτός γραφείου
Automatski odgovor | Samodejni odgovor | Automaatvastus | Automātiska atbilde
Automatinis atsakymas | Trả lời tự động | Balasan otomatis | Jawapan automatik
תשובה אוטומטית | מענה אוטומטי | מחוץ למשרד | השב אוטומטי | رد تلقائي | الرد التلقائي
رد آلي | خارج المكتب | 自動応答 | 自動返信 | 自動回答 | 不在通知 | 不在のお知らせ
不在連絡 | 自动回复 | 自动答复 | 自動回覆 | 自動回復 | 自動回复 | 自动应答
不在办公室 | 자동 회신 | 자동 응답 | 자동 답장 | 자동응답 | 자동회신
"""
# Whatever follows.
AUTOMATIC_NOTICES = """
Abwesenheitsnotiz | Abwesenheitsnachricht | Abwesenheitsmeldung
Abwesenheitsbenachrichtigung | Message d'absence | Notification d'absence
Avis d'absence | Mensaje de ausencia | Aviso de ausencia | Mensagem de ausência
Aviso de ausência | Messaggio di assenza | Avviso di assenza | Afwezigheidsbericht
Afwezigheidsmelding | Afwezigheidsassistent | Frånvaromeddelande | Fraværsmeddelelse
Fraværsmelding | Fraværsbesked | Poissaoloilmoitus | Poissaoloviesti
Out of Office AutoReply | Out of Office Auto-Reply | Powiadomienie o nieobecności
Oznámení o nepřítomnosti | Auto: | Report domain:
"""
