"""Every JSON example of three documents, word for word; comments are left out.

Sources: Wassenger, tutorial "Send media messages"; EngageLab, WhatsApp Send Message API Documentation; MsgFlash, types
of messages. All as of 2026-11.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

WASSENGER_UPLOADS: dict[str, Json] = {
    "url": {"url": "https://picsum.photos/seed/picsum/600/400"},
    "url with options": {
        "url": "https://picsum.photos/seed/picsum/600/400",
        "expiration": "1d",
        "filename": "custom-filename.jpg",
        "reference": "Optional reference ID",
    },
}

WASSENGER_ANSWERS: dict[str, list[Json]] = {
    "uploaded": [
        {
            "id": "[Redacted ID]",
            "format": "native",
            "filename": "sample.jpg",
            "size": 53697,
            "mime": "image/jpeg",
            "ext": "jpeg",
            "kind": "image",
            "sha2": "[Redacted Hash]",
            "tags": [],
            "status": "active",
            "mode": "default",
            "createdAt": "2021-05-08T22:49:50.954Z",
            "expiresAt": "2021-09-06T22:49:50.949Z",
        }
    ],
}

WASSENGER: dict[str, Json] = {
    "phone": {
        "phone": "+12345678900",
        "message": "This is a media message example 😀",
        "media": {"file": "UPLOADED FILE ID GOES HERE"},
    },
    "group": {
        "group": "120363163556487865@g.us",
        "message": "This is a media message example sent a group 😀",
        "media": {"file": "UPLOADED FILE ID GOES HERE"},
    },
}

ENGAGELAB_ANSWERS: dict[str, Json] = {
    "sent": {"message_id": "cbggf4if6o9ukqaalfug", "request_id": "your-sendno-string"},
    "failed": {
        "code": 3002,
        "message": "le champ whatsapp.template doit être correctement défini lorsque le type est template",
    },
}

ENGAGELAB: dict[str, Json] = {
    "template": {
        "from": "+8613800138000",
        "to": ["00447911123456"],
        "body": {
            "type": "template",
            "template": {
                "name": "code",
                "language": "zh_CN",
                "components": [{"type": "body", "parameters": [{"type": "text", "text": "12345"}]}],
            },
        },
        "request_id": "123asdbbqwe9faweg",
        "custom_args": {"arg1": "string val", "arg2": 123},
    },
    "text": {
        "from": "8613800138000",
        "to": "8613800138000",
        "body": {"type": "text", "text": {"body": "votre-contenu-de-message-texte"}},
    },
    "image": {
        "from": "8613800138000",
        "to": "8613800138000",
        "body": {
            "type": "image",
            "image": {
                "link": "https://img.jiguang.cn/jiguang/public/img/c866bd2.png",
                "caption": "informations de légende",
            },
        },
    },
    "video": {
        "from": "8613800138000",
        "to": "8613800138001",
        "body": {
            "type": "video",
            "video": {
                "link": "https://img.jiguang.cn/jiguang/public/videos/432acc5.mp4",
                "caption": "informations de légende",
            },
        },
    },
    "audio": {
        "from": "8613800138000",
        "to": "8613800138001",
        "body": {
            "type": "audio",
            "audio": {
                "link": "https://file-examples.com/storage/fe5947fd2362fc197a3c2df/2017/11/file_example_MP3_700KB.mp3"
            },
        },
    },
    "document": {
        "from": "8613800138000",
        "to": "8613800138001",
        "body": {
            "type": "document",
            "document": {
                "link": "https://img.jiguang.cn/jiguang/public/videos/432acc5.mp4",
                "caption": "informations de légende",
                "filename": "nom du fichier document",
            },
        },
    },
    "sticker": {
        "from": "8613800138000",
        "to": "8613800138001",
        "body": {
            "type": "sticker",
            "sticker": {"link": "http://sample-file.bazadanni.com/download/images/webp/sample.webp"},
        },
    },
    "template with a document": {
        "from": "+8613800138000",
        "to": ["00447911123456"],
        "body": {
            "type": "template",
            "template": {
                "name": "your-template-name",
                "language": "zh_CN",
                "components": [
                    {
                        "type": "header",
                        "parameters": [
                            {
                                "type": "document",
                                "document": {"link": "http(s)://the-url", "filename": "your-document-filename"},
                            }
                        ],
                    },
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "your-text-string"},
                            {
                                "type": "currency",
                                "currency": {"fallback_value": "$100.99", "code": "USD", "amount_1000": 100990},
                            },
                            {
                                "type": "date_time",
                                "date_time": {
                                    "fallback_value": "25 février 1977",
                                    "day_of_week": 5,
                                    "day_of_month": 25,
                                    "year": 1977,
                                    "month": 2,
                                    "hour": 15,
                                    "minute": 33,
                                },
                            },
                            {
                                "type": "date_time",
                                "date_time": {"fallback_value": "25 février 1977", "timestamp": 1485470276},
                            },
                        ],
                    },
                ],
            },
        },
    },
}

MSGFLASH: dict[str, Json] = {
    "free": {"instanceId": "inst_uuid", "to": "+22912345678", "type": "text", "text": "Bonjour Awa"},
    "template": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "contactId": "cnt_uuid",
        "templateId": "tmpl_uuid",
        "variables": {"code": "PROMO10"},
    },
    "text": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "text",
        "text": "Bonjour Jean,\n\nVotre commande #1234 est prête.",
    },
    "image": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "image",
        "mediaUrl": "https://cdn.example.com/produit.jpg",
        "text": "Nouvelle collection disponible",
    },
    "video": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "video",
        "mediaUrl": "https://cdn.example.com/demo.mp4",
        "text": "Découvrez notre nouveau produit",
    },
    "audio": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "audio",
        "mediaUrl": "https://cdn.example.com/message.mp3",
    },
    "voice_note": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "voice_note",
        "mediaUrl": "https://cdn.example.com/note.ogg",
    },
    "document": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "document",
        "mediaUrl": "https://cdn.example.com/facture.pdf",
        "text": "Facture avril 2026",
    },
    "location": {
        "instanceId": "inst_uuid",
        "to": "+22912345678",
        "type": "location",
        "latitude": 6.3654,
        "longitude": 2.4183,
        "locationName": "Boutique Cotonou Centre",
        "locationAddress": "Avenue de la Marina, Cotonou",
    },
    "contact": {"instanceId": "inst_uuid", "to": "+22912345678", "type": "contact", "contactId": "cnt_uuid"},
    "template of a document": {
        "name": "Brochure PDF",
        "type": "document",
        "body": "Bonjour {{contact.firstName}}, voici votre brochure.",
        "mediaUrl": "https://cdn.example.com/brochure.pdf",
    },
}
