"""The words of the lines that mail programs write above old mails, by language.

en de fr es pt it nl pl cs sv da nb fi hu ro tr ru uk el he ar ja zh ko, and some of
their neighbours. Compared case-folded.
"""


def _alternatives(words: str, separator: str = "|") -> frozenset[str]:
    return frozenset(words.split(separator))


_LABELS = {
    "from": (
        "from|von|de|de la|da|van|od|från|fra|lähettäjä|feladó|kimden|gönderen|от"
        "|от кого"
        "|від|від кого|από|מאת|من|差出人|送信者|发件人|發件人|寄件者|寄件人|보낸 사람"
        "|보낸사람"
        "|발신|발신자|odosielateľ|šalje|saatja|no|nuo|sūtītājs|dari|từ|จาก|از"
        "|expéditeur"
        "|remitente|remetente|mittente|afzender|absender|nadawca|odesílatel|avsändare"
        "|afsender|avsender|expeditor|отправитель|відправник|αποστολέας|המוען|المرسل"
        "|寄件者"
    ),
    "sent": (
        "sent|gesendet|gesendet am|envoyé|envoyé le|enviado|enviado el|enviado em"
        "|enviada"
        "|enviada em|enviado a|enviados|inviato|inviato il|data invio|verzonden|wysłano"
        "|wysłane|data wysłania|odesláno|skickat|skickad|sendt|sendt dato|lähetetty"
        "|elküldve|küldve|küldés ideje|trimis|trimisă|gönderildi|gönderilme tarihi"
        "|gönderme tarihi|отправлено|дата отправки|надіслано|відправлено|στάλθηκε"
        "|εστάλη"
        "|απεσταλμένα|ημερομηνία αποστολής|נשלח|נשלח בתאריך|תאריך שליחה|تم الإرسال"
        "|تاريخ الإرسال|أُرسلت|أرسلت|送信日時|发送时间|发送日期|已发送|傳送時間|傳送日期"
        "|寄件日期|已傳送|寄送日期|보낸 날짜|보낸날짜|보낸 시간|보냄|전송 날짜|odoslané"
        "|poslano|saadetud|nosūtīts|išsiųsta|изпратено|dikirim|đã gửi|ส่ง|ارسال شده"
        "|enviat"
    ),
    "date": (
        "date|datum|fecha|data|dato|päivämäärä|päiväys|pvm|dátum|dată|tarih|дата|число"
        "|ημερομηνία|ημ/νία|תאריך|التاريخ|تاريخ|日付|日時|日期|时间|時間|날짜|일시|ngày"
        "|tanggal|kuupäev|datums|วันที่|تاریخ|date d'envoi|received|ricevuto|empfangen"
    ),
    "to": (
        "to|an|à|a|pour|para|aan|do|komu|till|til|vastaanottaja|kenelle|címzett|către"
        "|kime|alıcı|кому|получатель|προς|אל|ל|עבור|إلى|الى|宛先|受信者|收件人|收件者"
        "|받는 사람|받는사람|수신|수신자|za|prima|adressaat|kam|до|kepada|đến|ถึง|به"
        "|per a"
        "|destinataire|destinatario|destinatário|empfänger|adresat|mottagare|modtager"
        "|odbiorca"
    ),
    "cc": (
        "cc|c.c.|copie|copia|cópia|kopie|kopia|kopi|kopio|másolatot kap|másolat|bilgi"
        "|копия|копія|κοιν|κοιν.|κοινοποίηση|עותק|נסחה|نسخة|抄送|副本|참조|dw|udw|bcc"
        "|cci|cco"
    ),
    "subject": (
        "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|temat|předmět|predmet"
        "|ämne|emne|aihe|tárgy|subiect|subiectul|konu|тема|θέμα|נושא|הנדון|الموضوع|件名"
        "|主题|主題|主旨|제목|zadeva|teema|temats|относно|subjek|perihal|chủ đề|เรื่อง"
        "|موضوع"
        "|assumpte|tema|sujet"
    ),
    "other": (
        "reply-to|reply to|importance|priority|attachments|anlagen|anhang|priorität"
        "|wichtigkeit|antwort an|pièces jointes|importance|importancia|datos adjuntos"
        "|anexos|allegati|priorità|bijlagen|urgentie|załączniki|ważność|přílohy|bilagor"
        "|vedhæftede filer|vedlegg|liitteet|mellékletek|вложения|важность|附件"
        "|첨부 파일"
        "|添付ファイル|重要度|organisation|organization|company|message-id"
    ),
}
LABELS = {
    label.casefold(): kind
    for kind, labels in _LABELS.items()
    for label in labels.split("|")
}

# A verb of "On Monday Ana wrote:".
WROTE = (
    r"wrote|writes|schrieb(?:en)?|geschrieben|schreef|a écrit|écrit|escribió|escribio"
    r"|ha escrito|escreveu|ha scritto|scrisse|skrev|napisał(?:a|\(a\))?|napisana przez"
    r"|pisze|napsal(?:a|\(a\))?|píše|kirjoitti|írta|a scris|yazdı|şunu yazdı"
    r"|написал(?:\(а\)|а)?|пишет|писала?|написав|пише|έγραψε|כתב(?:/ה|ה)?"
    r"|كتبت?|تمت كتابة ما يلي بواسطة|書きました|のメール|写道|寫道|님이 작성|작성|쓴 글"
    r"|썼습니다|napísal(?:a|\(a\))?|napisa(?:o|la)(?: je)?|написао/ла|написа|kirjutas"
    r"|rašė|rakstīja"
    r"|skrifaði|va escriure|menulis|đã viết|เขียน(?:ว่า|เมื่อ)?|نوشت|ने लिखा|quoting"
    r"|zitat von|citando"
)

# With these, or with a digit or a weekday, begins the line that names a date.
DATE_WORDS = {
    "on", "am", "le", "el", "il", "em", "no", "às", "op", "den", "w", "dnia", "dne", "po",
    "på", "în", "pe", "στις", "في", "בתאריך", "ב", "在", "于", "於", "в", "la", "a",
    "at", "in", "o", "vào", "pada", "เมื่อ", "در", "wiadomość", "dana", "dňa", "ngày",
}  # fmt: skip
WEEKDAYS = _alternatives(
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday"
    " mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag"
    " lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche"
    " mié jue vie sáb dom lunes martes miércoles jueves viernes sábado domingo"
    " seg ter qua qui sex segunda terça quarta quinta sexta lunedì martedì mercoledì"
    " giovedì venerdì sabato domenica ma wo vr za zo maandag dinsdag woensdag donderdag"
    " vrijdag zaterdag zondag pon wt śr czw pt sob niedz poniedziałek wtorek środa"
    " czwartek piątek sobota niedziela út st čt pá ne pondělí úterý středa čtvrtek pátek"
    " mån tis ons tors fre lör sön man tirs fredag lørdag søndag måndag tisdag onsdag"
    " torsdag mandag tirsdag ke to pe la su maanantai tiistai keskiviikko torstai"
    " perjantai hétfő kedd szerda csütörtök péntek luni marți miercuri joi vineri"
    " pzt sal çar per cum cmt paz pazartesi salı çarşamba perşembe cuma пн вт ср чт пт сб"
    " вс нд понедельник вторник среда четверг пятница суббота воскресенье понеділок"
    " вівторок середа п'ятниця субота неділя δευ τρί τετ πέμ παρ σάβ κυρ",
    " ",
)

ORIGINAL = _alternatives(
    "original message|original e-mail|original email|original mail|original appointment"
    "|ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche e-mail"
    "|message d'origine|message original|message d’origine|courriel original"
    "|e-mail d'origine|mensaje original|correo original|mensagem original"
    "|e-mail original"
    "|messaggio originale|messaggio di origine|oorspronkelijk bericht"
    "|oorspronkelijke bericht|origineel bericht|wiadomość oryginalna"
    "|oryginalna wiadomość"
    "|wiadomość pierwotna|treść oryginalnej wiadomości|původní zpráva|původní e-mail"
    "|originální zpráva|ursprungligt meddelande|originalmeddelande"
    "|oprindelig meddelelse"
    "|oprindelig besked|original meddelelse|original besked|opprinnelig melding"
    "|original melding|alkuperäinen viesti|eredeti üzenet|mesaj original"
    "|mesajul original"
    "|özgün ileti|orijinal ileti|orijinal mesaj|asıl mesaj|исходное сообщение"
    "|оригинальное сообщение|исходное письмо|оригінальне повідомлення"
    "|вихідне повідомлення|початкове повідомлення|αρχικό μήνυμα|πρωτότυπο μήνυμα"
    "|הודעה מקורית|ההודעה המקורית|الرسالة الأصلية|رسالة أصلية|元のメッセージ"
    "|オリジナルメッセージ|原始邮件|邮件原件|原始郵件|原始訊息|원본 메시지|원본 메일"
    "|원래 메시지"
    "|원본 이메일|pôvodná správa|izvorna poruka|izvirno sporočilo|algne kiri"
    "|reply message"
    "|originele bericht|回复的原邮件|原邮件"
)
FORWARDED = _alternatives(
    "forwarded message|begin forwarded message|forwarded mail|forwarded email"
    "|forwarded by|weitergeleitete nachricht|anfang der weitergeleiteten nachricht"
    "|anfang der weitergeleiteten e-mail|weitergeleitete e-mail|message transféré"
    "|début du message transféré|début du message réexpédié|message réexpédié"
    "|courriel transféré|mensaje reenviado|inicio del mensaje reenviado"
    "|correo reenviado"
    "|mensagem encaminhada|início da mensagem encaminhada|mensagem reencaminhada"
    "|início da mensagem reencaminhada|messaggio inoltrato|inizio messaggio inoltrato"
    "|inizio messaggio reindirizzato|doorgestuurd bericht|begin doorgestuurd bericht"
    "|wiadomość przekazana|przekazana wiadomość|początek przekazywanej wiadomości"
    "|treść przekazanej wiadomości|přeposlaná zpráva|začátek přeposlané zprávy"
    "|vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mejl"
    "|påbörja vidarebefordrat meddelande|videresendt besked|videresendt meddelelse"
    "|start på videresendt besked|videresendt melding|videresendt e-post"
    "|begynnelse på videresendt melding|starten på den videresendte meldingen"
    "|välitetty viesti|välitetty viesti alkaa|edelleenlähetetty viesti"
    "|továbbított üzenet"
    "|továbbított levél kezdete|mesaj redirecționat|început mesaj redirecționat"
    "|mesaj transmis|iletilen ileti|iletilen ileti başlangıcı|iletilen mesaj"
    "|yönlendirilmiş mesaj|yönlendirilen ileti|пересылаемое сообщение"
    "|начало переадресованного сообщения|пересланное сообщение|переслане повідомлення"
    "|початок листа, що пересилається|переадресоване повідомлення|προωθημένο μήνυμα"
    "|αρχή προωθημένου μηνύματος|הודעה שהועברה|תחילת ההודעה שהועברה|رسالة مُعاد توجيهها"
    "|رسالة معاد توجيهها|بداية الرسالة المحولة|بداية الرسالة المعاد توجيهها"
    "|الرسالة المعاد توجيهها|転送されたメッセージ|転送メッセージ|転送されたメール"
    "|转发的邮件"
    "|转发邮件|已转发邮件|以下是转发的邮件|轉寄的郵件|已轉寄的郵件|開始轉寄郵件"
    "|以下為轉寄的郵件"
    "|전달된 메시지|전달된 메일|전달된 이메일|전달한 메시지|preposlaná správa"
    "|proslijeđena poruka"
)
# Subjects of forwarded mails begin so.
FORWARD_PREFIXES = _alternatives(
    "fw|fwd|wg|tr|rv|enc|i|doorst|pd|vl|vb|tov|továbbítás|ilt|i̇lt|yönl|πρθ|转发|轉寄"
    "|転送|전달|пер|пересл|הועבר|إعادة توجيه"
)

# What telephones and programs add below each mail.
_SENT_WORDS = (
    "sent|gesendet|envoyé|enviado|enviada|inviato|inviata|verzonden|verstuurd"
    "|wysłan[eo]"
    "|odesláno|skickat|sendt|lähetetty|küldve|elküldve|trimis|gönderildi|отправлено"
    "|надіслано|відправлено|στάλθηκε|εστάλη|נשלח|أُرسلت?|أرسلت?|مرسل|送信|发自|發自"
    "|发送自"
    "|傳送|보냄|보냈습니다|diese nachricht wurde|written on|get|holen|télécharger"
    "|obtener"
    "|obter|scarica|baixe|download|pobierz"
)
_DEVICES = (
    "iphon|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|pixel|blackberry|smartphone"
    "|mobile|mobil|handy|téléphone|telefon|telefoon|teléfono|móvil|celular|telefono"
    "|cellulare|outlook|yahoo|gmx|web\\.de|proton|aol|mail\\.ru|windows|mail app|spark"
    "|айфон|телефон"
)
SENT_FROM = (
    rf"(?=.*(?:{_SENT_WORDS}))(?=.*(?:{_DEVICES}))|.*outlook .*\b(?:ios|android)\b"
)
