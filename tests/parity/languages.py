"""A few paragraphs in ten languages, written for these tests: other scripts, marks and spaces."""

LANGUAGES = {
    "German": "Der alte Müller öffnete am frühen Morgen das Tor. „Heute wird es regnen“, sagte er; dann "
    "ging er – ohne Hut – über die Straße zum Fluß.\n\nAm Abend war das Wasser gestiegen. Niemand "
    "hatte es gemerkt, z. B. weil alle beim Fest waren. Größe und Maß fehlten den Brücken.",
    "French": "Où est la bibliothèque ? demanda l’élève. « Elle est fermée jusqu’à lundi », répondit "
    "la gardienne.\n\nIl attendit donc devant la porte, lut son journal et mangea une pomme ; à midi, "
    "le facteur passa… puis plus personne.",
    "Russian": "Старый мельник рано утром открыл ворота. «Сегодня будет дождь», — сказал он и пошёл "
    "к реке.\n\nВечером вода поднялась на 3,5 метра. Никто этого не заметил: все были на празднике.",
    "Greek": "Πού είναι το βιβλίο μου; ρώτησε η μαθήτρια. Το άφησα εδώ χθες το βράδυ.\n\nΟ δάσκαλος δεν "
    "απάντησε· κοίταξε μόνο από το παράθυρο τη θάλασσα.",
    "Arabic": "أين الكتاب الذي قرأته أمس؟ سألت الطالبة معلمها، فقال إنه في المكتبة.\n\nذهبت إلى هناك في "
    "الساعة ٣:٣٠ ولم تجد أحداً، ثم عادت إلى البيت مع أخيها الصغير.",
    "Hebrew": "איפה הספר שקראתי אתמול? שאלה התלמידה. המורה אמר שהוא בספרייה.\n\nהיא הלכה לשם בשעה 15:30 "
    "ולא מצאה איש, ואז חזרה הביתה עם אחיה הקטן.",
    "Hindi": "पुराने मिल वाले ने सुबह जल्दी फाटक खोला। उसने कहा, आज बारिश होगी।\n\nशाम तक नदी का पानी बढ़ गया था। "
    "किसी ने ध्यान नहीं दिया, क्योंकि सब मेले में थे।",
    "Chinese": "老磨坊主一大早就打开了大门。“今天会下雨,”他说,然后走到河边。\n\n到了晚上,水涨了三米。"
    "没有人注意到,因为大家都在过节。",
    "Japanese": "年老いた粉屋は朝早く門を開けた。「今日は雨が降るだろう」と言って、川へ歩いて行った。\n\n"
    "夕方には水が三メートル上がっていた。祭りの日だったので、だれも気づかなかった。",
    "Thai": "คนเฒ่าเปิดประตูโรงสีแต่เช้า เขาพูดว่าวันนี้ฝนจะตก แล้วเดินไปที่แม่น้ำ\n\n"
    "ตอนเย็นน้ำขึ้นสามเมตร ไม่มีใครสังเกตเพราะทุกคนไปงานเทศกาล",
}


def texts() -> list[str]:
    """Each language alone, with its lines repeated, and long enough for rules on length."""
    alone = list(LANGUAGES.values())
    repeated = [f"{text}\n{text.splitlines()[0]}\n" * 2 for text in alone]
    return [*alone, *repeated, *("\n\n".join([text] * 8) for text in alone)]
