//! Words and sentences, each table run through datatrove 0.10.0 with spaCy 3.8.18 when it was made.
//! A word holds no white space, so the expected words are written with a space between them.

pub(super) static PUBLISHED: &[(&str, &str)] = &[
    ("Don't stop... at 3.5% #tag — U.S.A. e-mail me@x.com", "Do n't stop ... at 3.5 % # tag — U.S.A. e - mail me@x.com"),
    ("", ""),
    ("   ", ""),
    ("word", "word"),
];

pub(super) static WHITE_SPACE: &[(&str, &str)] = &[
    ("a\tb\nc\r\nd", "a b c d"),
    ("a  b", "a b"),
    ("\u{A0}a\u{3000}b\u{2028}c\u{1680}d\u{202F}e", "a b c d e"),
    ("a\u{1C}b\u{1D}b\u{1E}b\u{1F}c\u{85}d", "a b b b c d"),
    ("a\u{200B}b\u{FEFF}c\u{180E}d", "a\u{200B}b\u{FEFF}c\u{180E}d"),
    ("\u{0} a\u{0}b \u{7F}", "\u{0} a\u{0}b \u{7F}"),
    ("\u{301}a e\u{301}", "\u{301}a e\u{301}"),
];

pub(super) static PREFIXES_AND_SUFFIXES: &[(&str, &str)] = &[
    ("(\"Hello,\" she said.)", "( \" Hello , \" she said . )"),
    ("...and..then....", "... and .. then ...."),
    ("a.. .b ..", "a .. .b .."),
    ("+5 +a a+ 5+ + ++", "+5 + a a+ 5 + + + +"),
    ("$5 US$5 C$5 A$5 U$5 €5 5€ 5US$ 5C$", "$ 5 US$ 5 C$ 5 A$ 5 U$5 € 5 5 € 5 US$ 5 C$"),
    ("§5 %x =x x= —x x— –x–", "§ 5 % x = x x= — x x — – x –"),
    ("…… ……… x…… ……x", "… … … …… x …… … … x"),
    ("'tis 'S x'S x’s y’S s's", "' tis 'S x 'S x ’s y ’S s 's"),
    ("[[x]] {{y}} <<z>> __a__ **b** ##c &d&", "[ [ x ] ] { { y } } < < z > > _ _ a _ _ * * b * * # # c & d &"),
    ("¿Qué? ¡No! «oui» „ja“ 「は」", "¿ Qué ? ¡ No ! « oui » „ ja “ 「 は 」"),
    ("@x @ ~x x~ ^x /x x/ \\x |x|", "@x @ ~x x~ ^x /x x/ \\x |x|"),
];

pub(super) static FULL_STOPS: &[(&str, &str)] = &[
    ("word. Word. WORD. WO. W. 5. x1. A1.", "word . Word . WORD . WO . W. 5 . x1 . A1 ."),
    ("²x. x². x%. x-. x+. x|. x). x\". x'.", "²x . x² . x% . x- . x+ . x| . x ) . x \" . x ' ."),
    ("25°C. °C. 25°F 5°K. °x.", "25 ° C . ° C . 25 ° F 5 ° K . ° x."),
    ("e.g. i.e. etc. vs. Mr. mr. Ph.D. U.S. U.S.A. a.m. p.m.", "e.g. i.e. etc . vs. Mr. mr . Ph.D. U.S. U.S.A. a.m. p.m."),
    ("É. ÉÀ. é. д. Д. ДД. 中. ع.", "É. ÉÀ . é . д . Д. ДД . 中 . ع ."),
];

pub(super) static UNITS: &[(&str, &str)] = &[
    ("5km 5km² 10kg. 3m/s 7% 8GB 1.5mm³ x5km 5kmx km 5 km", "5 km 5 km² 10 kg . 3 m/s 7 % 8 GB 1.5 mm³ x5 km 5kmx km 5 km"),
    ("5µg 5тб 5كم 5كم² 5yd 5in 5ft. 20MB/s 5K 5M.", "5 µg 5тб 5 كم 5 كم² 5 yd 5 in 5 ft . 20MB / s 5 K 5M."),
    ("5m5m 12$ 12₽ 12US$. a$ 5km/h, 100mph!", "5m5 m 12 $ 12 ₽ 12US$. a$ 5 km/h , 100 mph !"),
];

pub(super) static SPECIAL_CASES: &[(&str, &str)] = &[
    ("can't cannot Cannot CANNOT dont Don't DON'T don’t Don’t", "ca n't can not Can not CANNOT do nt Do n't DON'T do n’t Do n’t"),
    ("I'm im Im I've ive well we'll were we're Id id", "I 'm i m I m I 've i ve well we 'll were we 're I d i d"),
    ("gonna gotta y'all o'clock O'clock ma'am 'em 'tis c'mon", "gon na got ta y' all o'clock O'clock ma'am 'em ' tis c'm on"),
    ("(can't) \"don't\" don't. don't, 'don't' cannot's", "( ca n't ) \" do n't \" do n't . do n't , ' do n't ' can not 's"),
    ("10a.m. 10am 12p.m. 13pm 1am. 8)", "10 a.m. 10 am 12 p.m. 13pm 1 am . 8)"),
    ("and/or w/o C++ C# C++. <space> \\n \\t \\\")", "and/or w/o C++ C # C++ . <space> \\n \\t \\\")"),
    ("they'll've wouldn't've wouldntve How'd'y", "they 'll 've would n't 've would nt ve How 'd 'y"),
    (":) :-( ;D xD ^_^ >.< </3 <3 :-/ (o: ._. :'( ¯\\(ツ)/¯ ಠ_ಠ ><(((*> (╯°□°）╯︵┻━┻", ":) :-( ;D xD ^_^ >.< </3 <3 :-/ (o: ._. :'( ¯\\(ツ)/¯ ಠ_ಠ ><(((*> (╯°□°）╯︵┻━┻"),
    ("x:) :)x hello:) :)) :)))) ((:", "x :) : ) x hello :) :)) :))) ) ( (:"),
];

pub(super) static SECOND_PASS: &[(&str, &str)] = &[
    ("option-a. vitamin-a. a . (a.) x-b.", "option - a. vitamin - a. a . ( a. ) x - b."),
    ("a : ( ( x :) : )", "a : ( ( x :) : )"),
    ("he's-it's x-he's that's,that's", "he's - it 's x - he 's that's , that 's"),
    ("it's... It's!' ’’ ‘s ’em’ 'cause'", "it 's ... It 's ! ' ’’ ‘s ’em ’ 'cause '"),
    ("no-Mr. x/w/o and/or/and", "no - Mr. x / w/o and/or / and"),
    ("x-8) 8-)8-) :-):-(", "x-8 ) 8-)8- ) : -):- ("),
];

pub(super) static INFIXES: &[(&str, &str)] = &[
    ("well-known a--b a---b a----b a-5 5-a 5-5 5--5 5--a", "well - known a -- b a --- b a----b a-5 5 - a 5 - 5 5 - -5 5 - -a"),
    ("a—b a——b a———b a–b a~b a~~b 5—6", "a — b a —— b a———b a – b a ~ b a~~b 5—6"),
    ("1+2 1*2 1^2 1+a a+1 1-2-3 1*-2", "1 + 2 1 * 2 1 ^ 2 1+a a+1 1 - 2 - 3 1 * -2"),
    ("a.B a.b A.b A.B é.É \"a\".\"B\" a.\"b x.'Y 中.文", "a. B a.b A.b A.B é . É \" a\" . \"B \" a. \"b x. 'Y 中 . 文"),
    ("a,b 1,2 a,1 1,a é,ж 中,文 1,000,000", "a , b 1,2 a,1 1,a é , ж 中 , 文 1,000,000"),
    ("a:b 1:b a:1 a=b a<b a>b a/b 1/b 1/2 a/1 =a/b", "a : b 1 : b a:1 a = b a < b a > b a / b 1 / b 1/2 a/1 = a / b"),
    ("a..b a...b a…b a……b ..a..b..", "a .. b a ... b a … b a … … b .. a .. b .."),
    ("a😀b a☃b 😀😀 a👍🏽b ©2020 a©b x°y 👩\u{200D}👩\u{200D}👧 ☎\u{FE0F}", "a 😀 b a ☃ b 😀 😀 a 👍 🏽b © 2020 a © b x ° y 👩 \u{200D} 👩 \u{200D} 👧 ☎ \u{FE0F}"),
    ("-a-b -5-5 a- -", "-a - b -5 - 5 a- -"),
    ("/usr/lib/x.so.1 C:\\a\\b.txt x_y_z __init__.py a_b", "/usr / lib / x.so.1 C:\\a\\b.txt x_y_z _ _ init__.py a_b"),
];

pub(super) static URLS: &[(&str, &str)] = &[
    ("http://example.com/a?b=c#d https://x.io/... www.foo.co.uk example.com.", "http://example.com/a?b=c#d https://x.io/ ... www.foo.co.uk example.com ."),
    ("me@x.com a.b@c.d x@@y.com @x.com user:pw@host.org:8080/x mailto:me@x.com", "me@x.com a.b@c.d x@@y.com @x.com user:pw@host.org:8080/x mailto:me@x.com"),
    ("192.168.1.1 8.8.8.8 10.0.0.1 127.0.0.1:80 172.16.0.1 172.33.1.9 224.1.1.1 1.2.3.4:99", "192.168.1.1 8.8.8.8 10.0.0.1 127.0.0.1:80 172.16.0.1 172.33.1.9 224.1.1.1 1.2.3.4:99"),
    ("223.255.255.254 223.255.255.255 1.2.3.0 0.1.2.3 1.٣.4.5 8.8.8.8/x,y", "223.255.255.254 223.255.255.255 1.2.3.0 0.1.2.3 1.٣.4.5 8.8.8.8/x,y"),
    ("a.com:1 a.com:12 a.com:123456 a.com:12/x a.com?q a.com# a.com:٣٣", "a.com:1 a.com:12 a.com:123456 a.com:12/x a.com?q a.com # a.com:٣٣"),
    ("f.b foo.Bar foo.bar x.co_m a..com a_b.com a-.com -a.com _a.com é.fr 例え.テスト", "f.b foo . Bar foo.bar x.co_m a .. com a_b.com a-.com -a.com _ a.com é.fr 例え.テスト"),
    ("ftp://a.b x://a.b xy://a.bc xy://@a.bc x+y-z.1://a.bc :// http://localhost http://", "ftp://a.b x://a.b xy://a.bc xy://@a.bc x+y-z.1://a.bc : // http://localhost http://"),
    ("(see http://x.com/a-b,c:d) \"http://x.com\" http://x.com, x.com/a—b file.tar.gz node.js", "( see http://x.com/a-b,c:d ) \" http://x.com \" http://x.com , x.com/a—b file.tar.gz node.js"),
    ("10.0.0.1/a,b 172.16.0.1/a,b 172.33.1.9/a,b 224.1.1.1/a,b 223.255.255.254/a,b 223.255.255.255/a,b", "10.0.0.1 / a , b 172.16.0.1 / a , b 172.33.1.9/a,b 224.1.1.1 / a , b 223.255.255.254/a,b 223.255.255.255 / a , b"),
    ("8.8.8.8/a,b 0.1.2.3/a,b 1.٣.4.5/a,b 192.168.1.1/a,b 169.254.1.1/a,b 1.2.3.4.5/a,b 1.2.3/a,b 127.0.0.1/a,b 12٣.1.1.1/a,b", "8.8.8.8/a,b 0.1.2.3 / a , b 1.٣.4.5/a,b 192.168.1.1 / a , b 169.254.1.1 / a , b 1.2.3.4.5 / a , b 1.2.3 / a , b 127.0.0.1 / a , b 12٣.1.1.1/a,b"),
    ("a.com:1/a,b a.com:12/a,b a.com:123456/a,b x.co_m/a,b a_b.com/a,b -a.com/a,b a-.com/a,b a..com/a,b", "a.com:1 / a , b a.com:12/a,b a.com:123456 / a , b x.co_m / a , b a_b.com/a,b -a.com / a , b a-.com / a , b a .. com / a , b"),
    ("x://a.b/c,d xy://a.bc/c,d xy://@a.bc/c,d @a.bc/c,d x@a.bc/c,d x@@a.bc/c,d x@y@a.bc/c,d a.bc/@x,y", "x://a.b / c , d xy://a.bc/c,d xy://@a.bc/c,d @a.bc / c , d x@a.bc/c,d x@@a.bc/c,d x@y@a.bc/c,d a.bc/@x,y"),
    ("IS_ALPHA", "IS_ALPHA"),
];

pub(super) static SCRIPTS: &[(&str, &str)] = &[
    ("Привет, мир! Это т.е. и т.д. Москва-река", "Привет , мир ! Это т.е . и т.д . Москва - река"),
    ("你好，世界。他说：“是的”", "你好，世界。他说：“是的 ”"),
    ("こんにちは。元気ですか？", "こんにちは。元気ですか ？"),
    ("مرحبا، كيف حالك؟ نعم.", "مرحبا ، كيف حالك ؟ نعم ."),
    ("שלום, עולם! ת\"א", "שלום , עולם ! ת\"א"),
    ("नमस\u{94D}ते। कैसे हैं?", "नमस\u{94D}ते । कैसे हैं ?"),
    ("Straße GROSSE ßa ﬁre 𝐀𝐁. 𠀀.𠀁 Ⅷ ½ ١٢٣", "Straße GROSSE ßa ﬁre 𝐀𝐁. 𠀀 . 𠀁 Ⅷ ½ ١٢٣"),
    ("naïve café’s Ünï-cödé coöperate. l'été d’été", "naïve café ’s Ünï - cödé coöperate . l'été d’été"),
];

pub(super) static SENTENCES: &[(&str, &[&str])] = &[
    ("", &[""]),
    ("  ", &["  "]),
    ("One. Two! Three?", &["One.", " Two!", " Three?"]),
    ("One.  Two.\nThree.\n\n", &["One.", "  Two.", "\nThree.", "\n\n"]),
    ("No end", &["No end"]),
    ("Wait... what? Yes.", &["Wait... what?", " Yes."]),
    ("\"Hi.\" she said. (Really.) Yes!", &["\"Hi.\"", " she said. (", "Really.)", " Yes!"]),
    ("e.g. this. Mr. X went. U.S. law.", &["e.g. this.", " Mr. X went.", " U.S. law."]),
    ("a. b. c. d-a. x", &["a. b. c. d-a. x"]),
    ("1. First 2. Second", &["1.", " First 2.", " Second"]),
    ("Hello.World. hello.world", &["Hello.", "World.", " hello.world"]),
    ("What?! No!!! Yes.", &["What?!", " No!!!", " Yes."]),
    ("。你好。 是。", &["。", "你好。", " 是。"]),
    ("  Lead. x  ", &["  Lead.", " x  "]),
    (" x. y", &[" x. y"]),
    ("End. ", &["End. "]),
    ("End.  ", &["End.", "  "]),
    ("End.\n", &["End.", "\n"]),
    ("x . ) ] y . « z", &["x . ) ]", " y . «", " z"]),
    ("v1.2. Next", &["v1.2.", " Next"]),
    ("x‽ y", &["x‽ y"]),
    ("Hi. 😀 Ok. — So. $5.", &["Hi.", " 😀 Ok. —", " So.", " $5."]),
];
