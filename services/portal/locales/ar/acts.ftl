# القارئ: من عاد برمزه، وربما كان وقته قصيرًا وبجانبه من ينظر.
# Not read by a native speaker: yes.

act-proposal = ما نقترحه
act-agreement = الاتفاق
act-money = هل وصل؟
act-report = كيف جرى الأمر
act-review = ما لم نستطع فعله
act-change = شيء آخر: وقت أطول أو تغيير
act-stop = إيقاف طلبي
act-seen = رأى آخرون رمزي
act-next = عرض التالي

acts-done = شكرًا. وصلنا ذلك.
acts-before = فعلت هذا { $when }: { $time }.
acts-before-ever = فعلت هذا من قبل.
acts-before-else = إذا تغير شيء فاكتبه إلينا.
acts-nothing = لا شيء لفعله هنا الآن.
acts-changed = تغير هذا وأنت تقرأ. لم يُرسل شيء. هذا هو كما هو الآن.
acts-choose = اختر واحدًا أولًا.
another-code = فُتحت هذه الصفحة برمز آخر. لم يُرسل شيء. انظر لمن هذه الرسائل.

offer-up-to = حتى مبلغ:
offer-from = من:
offer-until = إلى:
offer-closed = رمزك لا يفتح هذا النص. اكتب إلينا فنرسله من جديد.
proposal-lead = اقرأه على مهل. هل هو مناسب لك؟
proposal-words = إن لم يكن شيء صحيحًا: ما هو؟
proposal-agree = تأكيد أنه صحيح
proposal-wrong = هذا غير صحيح
proposal-agree-done = شكرًا. نقرر فيه بعد ذلك.
proposal-wrong-done = شكرًا. ننظر فيه من جديد ونكتب إليك.
agreement-lead = اقرأه على مهل. يمكنك أن تقول لا. لن يُحسب ذلك عليك أبدًا.
agreement-accept = قبول
agreement-refuse = رفض
agreement-refuse-donor = رفض مصدر المال هذا فقط
agreement-accept-done = شكرًا. قبلت الاتفاق.
agreement-refuse-done = شكرًا. رفضت الاتفاق. سنكتب إليك.
agreement-refuse-donor-done = شكرًا. نبحث عن مال آخر.

money-lead = أخبرنا بما وصل إليك. خذ وقتك.
money-sent = أرسلنا:
money-all = وصل كله
money-how-much = كم وصل؟
money-less = وصل أقل
money-none = لم يصل بعد
money-elsewhere = لا أستطيع قول هذا هنا
money-done = شكرًا. وصلنا ذلك.
money-none-done = شكرًا. نبحث عن مكانه. أخبرنا عندما يصل.
money-elsewhere-done = نفهم ذلك. سنسألك بالطريقة الآمنة التي ذكرتها. وإن لم تذكر طريقة فارجع حين لا يراك أحد.

report-lead = بضع جمل تكفي. ما الذي تغير؟ كيف استُعمل؟ لا تذكر اسم أحد.
report-words = كيف جرى الأمر؟
report-send = إرسال

change-lead = تحتاج إلى وقت أطول أو إلى شيء مختلف؟ قل ما هو، ولماذا إن استطعت.
change-words = ما الذي يجب تغييره؟
change-send = إرسال

stop-lead = لن نبدأ شيئًا جديدًا. ما أُرسل من قبل قد يصل لاحقًا. يمكنك أن تطلب من جديد في أي وقت.
stop-why = لماذا؟ لا يلزم أن تقول.
stop-unsaid = أفضل ألا أقول
stop-helped-elsewhere = يساعدني آخرون
stop-too-dangerous = الأمر خطر جدًا
stop-no-longer-needed = لم أعد أحتاج إليه
stop-other = شيء آخر
stop-do = إيقاف طلبي
stop-done = توقف طلبك. ما زال بإمكانك قراءة ما كُتب والكتابة إلينا.

seen-lead = نغلق هذا الرمز فورًا. لن يفتح شيئًا بعد ذلك لأحد، ولا لك.
seen-reach = سيعلم فريقنا بذلك. سنصل إليك بالطريقة الآمنة التي ذكرتها، برمز جديد إن أردت.
seen-way = هل هناك الآن طريقة آمنة أخرى للوصول إليك؟
seen-way-hint = إن لم تذكر طريقة فاكتب واحدة الآن: من دون الرمز لا نستطيع أن نجدك. وإن كان ما ذكرته صالحًا فاترك الخانة فارغة.
seen-do = إغلاق هذا الرمز الآن
seen-way-lost = الطريقة التي كتبتها لم تصل إلينا. إن لم تكن عندنا طريقة أخرى فاكتب إلينا من جديد وضع علامة على «كتبت إليكم من قبل».
seen-done = أُغلق هذا الرمز. لم يعد يفتح شيئًا.
seen-since = هو مغلق منذ { $time }، { $when }.
seen-too-late = ما كُتب هنا بعد إغلاقه لم يصل إلينا. ولذكر طريقة أخرى فاكتب من جديد وضع علامة على «كتبت إليكم من قبل».

review-declined = لا نستطيع تقديم هذه المساعدة: { $reason }.
review-not-you = هذا ليس حكمًا عليك. يمكنك أن تطلب أن ينظر شخص آخر من جديد.
review-others = قد يساعدك هؤلاء:
review-words = في ماذا ينظر؟ يمكنك تركه فارغًا.
review-send = طلب النظر من شخص آخر
review-done = شكرًا. ينظر فيه شخص آخر ويكتب إليك.
reason-could-harm = قد تعرضك أو تعرض غيرك لخطر أكبر الآن
reason-not-verified = لم نستطع التأكد بما يكفي وبأمان لإرسال المال؛ وأي شيء جديد قد يغير ذلك
reason-no-funds = ليس عندنا مال لذلك الآن
reason-outside-mandate = لا يحق لفريقنا تقديم هذا النوع
reason-covered-elsewhere = يقدمها آخرون
reason-duplicate = هناك طلب آخر بالشيء نفسه، ونحن نتابعه
reason-other = كتبنا السبب في الرسائل

messages-asked = سألناك، ولم تجب بعد:
messages-unopened = { $count ->
    [zero] لا رسائل من قبل هذا الرمز.
    [one] رسالة واحدة كُتبت قبل هذا الرمز. لا يمكن فتحها هنا.
    [two] رسالتان كُتبتا قبل هذا الرمز. لا يمكن فتحهما هنا.
    [few] { $count } رسائل كُتبت قبل هذا الرمز. لا يمكن فتحها هنا.
    [many] { $count } رسالة كُتبت قبل هذا الرمز. لا يمكن فتحها هنا.
   *[other] { $count } رسالة كُتبت قبل هذا الرمز. لا يمكن فتحها هنا.
}
