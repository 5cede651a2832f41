"""What leads write in five languages, and what of the company answers them.

Each line: the lead's text, its intent, and what the reply rests on: a key of `SAID`
for an article, "offer", an attribute of the company profile, or "" for no fact of ours.
"""

from messaging.agent.model import CompanyFacts

# The company's profile and articles, as a company of that language writes them.
COMPANIES = {
    "en": CompanyFacts(
        name="Hafen Desk",
        sells="We rent desks and meeting rooms in the old harbour.",
        hours="Monday to Friday, 8am to 8pm",
        phone="+49 40 5550 100",
        email="hello@hafen.example",
        website="https://hafen.example",
        postal_address="12 Quay Street, Hamburg",
    ),
    "es": CompanyFacts(
        name="Hafen Desk",
        sells="Alquilamos mesas y salas de reuniones en el puerto viejo.",
        hours="de lunes a viernes, de 8:00 a 20:00",
        phone="+49 40 5550 100",
        email="hola@hafen.example",
        website="https://hafen.example",
        postal_address="Calle del Muelle 12, Hamburgo",
    ),
    "fr": CompanyFacts(
        name="Hafen Desk",
        sells="Nous louons des bureaux et des salles de réunion dans le vieux port.",
        hours="du lundi au vendredi, de 8h à 20h",
        phone="+49 40 5550 100",
        email="bonjour@hafen.example",
        website="https://hafen.example",
        postal_address="12 quai du Port, Hambourg",
    ),
    "de": CompanyFacts(
        name="Hafen Desk",
        sells="Wir vermieten Schreibtische und Besprechungsräume am alten Hafen.",
        hours="Montag bis Freitag, 8 bis 20 Uhr",
        phone="+49 40 5550 100",
        email="hallo@hafen.example",
        website="https://hafen.example",
        postal_address="Kaistraße 12, Hamburg",
    ),
    "pt": CompanyFacts(
        name="Hafen Desk",
        sells="Alugamos mesas e salas de reunião no porto velho.",
        hours="de segunda a sexta, das 8h às 20h",
        phone="+49 40 5550 100",
        email="ola@hafen.example",
        website="https://hafen.example",
        postal_address="Rua do Cais 12, Hamburgo",
    ),
}

# Title and answer of the articles.
SAID = {
    "en": {
        "parking": (
            "Is there parking?",
            "Yes, there are parking spaces behind the house. They cost nothing extra.",
        ),
        "dogs": (
            "May I bring my dog?",
            "Dogs are welcome in the big hall. Please keep them on a lead.",
        ),
        "notice": (
            "What is the notice period?",
            "You can cancel with one month's notice. A short mail is enough.",
        ),
    },
    "es": {
        "parking": (
            "¿Hay aparcamiento?",
            "Sí, hay plazas de aparcamiento detrás del edificio. Son para los clientes.",
        ),
        "dogs": (
            "¿Puedo llevar a mi perro?",
            "Los perros son bienvenidos en la sala grande. Deben ir con correa.",
        ),
        "notice": (
            "¿Cuál es el plazo de cancelación del contrato?",
            "Puede cancelar con un mes de antelación. Basta con un correo breve.",
        ),
    },
    "fr": {
        "parking": (
            "Y a-t-il un parking ?",
            "Oui, il y a des places de parking derrière la maison. Elles sont"
            " réservées aux clients.",
        ),
        "dogs": (
            "Puis-je venir avec mon chien ?",
            "Les chiens sont les bienvenus dans la grande salle. Merci de les tenir"
            " en laisse.",
        ),
        "notice": (
            "Quel est le préavis de résiliation ?",
            "Vous pouvez résilier avec un mois de préavis. Un court message suffit.",
        ),
    },
    "de": {
        "parking": (
            "Gibt es Parkplätze?",
            "Ja, hinter dem Haus sind Parkplätze. Sie sind für unsere Kunden da.",
        ),
        "dogs": (
            "Darf ich meinen Hund mitbringen?",
            "Hunde sind im großen Saal willkommen. Bitte führen Sie sie an der Leine.",
        ),
        "notice": (
            "Wie ist die Kündigungsfrist?",
            "Sie können mit einem Monat Frist kündigen. Eine kurze Mail genügt.",
        ),
    },
    "pt": {
        "parking": (
            "Há estacionamento?",
            "Sim, há vagas de estacionamento atrás do prédio. São para os clientes.",
        ),
        "dogs": (
            "Posso levar o meu cachorro?",
            "Cachorros são bem-vindos na sala grande. Eles devem ficar na coleira.",
        ),
        "notice": (
            "Qual é o prazo de cancelamento do contrato?",
            "Você pode cancelar com um mês de antecedência. Basta um e-mail curto.",
        ),
    },
}

TALK = {
    "en": [
        ("Hi, is there parking at your place?", "question", "parking"),
        ("can i bring my dog to the office", "question", "dogs"),
        ("What's the notice period if I want to leave?", "question", "notice"),
        ("How much is a desk per month?", "question", "offer"),
        ("When are you open on Fridays?", "question", "hours"),
        ("What exactly do you offer?", "question", "sells"),
        ("Could you give me your phone number please?", "question", "phone"),
        ("Where is your office located?", "question", "postal_address"),
        ("We'd love to see the rooms, can we meet on Thursday?", "meeting", ""),
        ("Please call me back this afternoon", "meeting", ""),
        ("That's too expensive for us", "objection", ""),
        ("No thanks, we already found something else", "not_interested", ""),
        ("Thank you so much!", "thanks", ""),
        ("I'm really disappointed, nobody answered my mails", "complaint", ""),
        ("Can I talk to a real person please?", "person_requested", ""),
        ("We are interested in desks for our team", "interested", ""),
    ],
    "es": [
        ("Hola, ¿tienen aparcamiento en el edificio?", "question", "parking"),
        ("puedo llevar a mi perro a la oficina?", "question", "dogs"),
        ("¿Con cuánta antelación puedo cancelar el contrato?", "question", "notice"),
        ("¿Cuánto cuesta una mesa al mes?", "question", "offer"),
        ("¿A qué hora abren los viernes?", "question", "hours"),
        ("¿Qué ofrecen exactamente?", "question", "sells"),
        ("¿Me pueden dar su número de teléfono?", "question", "phone"),
        ("¿Dónde está su oficina?", "question", "postal_address"),
        ("Nos gustaría ver las salas, ¿podemos quedar el jueves?", "meeting", ""),
        ("Por favor, llámeme esta tarde", "meeting", ""),
        ("Es demasiado caro para nosotros", "objection", ""),
        ("No, gracias, ya no nos interesa", "not_interested", ""),
        ("¡Muchas gracias!", "thanks", ""),
        ("Estoy muy decepcionado, nadie responde a mis correos", "complaint", ""),
        ("Quiero hablar con una persona de verdad", "person_requested", ""),
        ("Nos interesan unas mesas para nuestro equipo", "interested", ""),
    ],
    "fr": [
        ("Bonjour, y a-t-il un parking chez vous ?", "question", "parking"),
        ("je peux venir avec mon chien au bureau ?", "question", "dogs"),
        ("Quel est le préavis pour résilier le contrat ?", "question", "notice"),
        ("Combien coûte un bureau par mois ?", "question", "offer"),
        ("À quelle heure ouvrez-vous le vendredi ?", "question", "hours"),
        ("Que proposez-vous exactement ?", "question", "sells"),
        ("Quel est votre numéro de téléphone ?", "question", "phone"),
        ("Où se trouve votre bureau ?", "question", "postal_address"),
        ("On aimerait visiter, peut-on se voir jeudi ?", "meeting", ""),
        ("Merci de me rappeler cet après-midi", "meeting", ""),
        ("C'est trop cher pour nous", "objection", ""),
        ("Non merci, cela ne nous intéresse plus", "not_interested", ""),
        ("Merci beaucoup !", "thanks", ""),
        ("Je suis très déçu, personne ne répond à mes mails", "complaint", ""),
        ("Je voudrais parler à une vraie personne", "person_requested", ""),
        ("Nous sommes intéressés par des bureaux pour notre équipe", "interested", ""),
    ],
    "de": [
        ("Hallo, gibt es bei Ihnen Parkplätze?", "question", "parking"),
        ("darf ich meinen hund ins büro mitbringen", "question", "dogs"),
        ("Welche Kündigungsfrist hat der Vertrag?", "question", "notice"),
        ("Was kostet ein Schreibtisch im Monat?", "question", "offer"),
        ("Wann haben Sie freitags geöffnet?", "question", "hours"),
        ("Was genau bieten Sie an?", "question", "sells"),
        ("Wie ist Ihre Telefonnummer?", "question", "phone"),
        ("Wo befindet sich Ihr Büro?", "question", "postal_address"),
        ("Wir würden die Räume gern ansehen, passt Donnerstag?", "meeting", ""),
        ("Bitte rufen Sie mich heute Nachmittag zurück", "meeting", ""),
        ("Das ist uns zu teuer", "objection", ""),
        ("Nein danke, wir haben kein Interesse mehr", "not_interested", ""),
        ("Vielen Dank!", "thanks", ""),
        ("Ich bin sehr enttäuscht, niemand antwortet mir", "complaint", ""),
        ("Ich möchte mit einem echten Menschen sprechen", "person_requested", ""),
        ("Wir sind an Schreibtischen für unser Team interessiert", "interested", ""),
    ],
    "pt": [
        ("Oi, vocês têm estacionamento no prédio?", "question", "parking"),
        ("posso levar meu cachorro para o escritório?", "question", "dogs"),
        ("Qual é o prazo para cancelar o contrato?", "question", "notice"),
        ("Quanto custa uma mesa por mês?", "question", "offer"),
        ("A que horas vocês abrem na sexta?", "question", "hours"),
        ("O que vocês oferecem exatamente?", "question", "sells"),
        ("Qual é o telefone de vocês?", "question", "phone"),
        ("Onde fica o escritório de vocês?", "question", "postal_address"),
        ("Queremos ver as salas, podemos marcar uma visita na quinta?", "meeting", ""),
        ("Por favor, me liguem hoje à tarde", "meeting", ""),
        ("Está muito caro para nós", "objection", ""),
        ("Não, obrigado, não temos mais interesse", "not_interested", ""),
        ("Muito obrigada!", "thanks", ""),
        ("Estou muito decepcionado, ninguém responde meus e-mails", "complaint", ""),
        ("Quero falar com uma pessoa de verdade", "person_requested", ""),
        ("Temos interesse em mesas para a nossa equipe", "interested", ""),
    ],
}
