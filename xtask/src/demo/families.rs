//! The suppliers of the demo shop and its families of products.

/// A supplier and the days from an order to its delivery.
pub(super) struct Supplier {
    pub(super) name: &'static str,
    pub(super) lead_time_days: u32,
}

/// A family of products with the same demand over the year.
pub(super) struct Family {
    pub(super) category: &'static str,
    pub(super) prefix: &'static str,
    pub(super) articles: &'static [(&'static str, u32)],
    pub(super) variants: &'static [(&'static str, f64)],
    pub(super) suppliers: &'static [usize],
    /// Units a day of a typical article.
    pub(super) rate: f64,
    /// Relative demand from January to December, around 1.
    pub(super) month_demand: [f64; 12],
}

pub(super) const SUPPLIERS: [Supplier; 9] = [
    Supplier {
        name: "Grands Moulins de Dakar",
        lead_time_days: 2,
    },
    Supplier {
        name: "Marché Sandaga Gros",
        lead_time_days: 1,
    },
    Supplier {
        name: "Laiterie du Berger",
        lead_time_days: 3,
    },
    Supplier {
        name: "Sahel Boissons",
        lead_time_days: 5,
    },
    Supplier {
        name: "Rufisque Distribution",
        lead_time_days: 7,
    },
    Supplier {
        name: "Casablanca Cosmétiques",
        lead_time_days: 14,
    },
    Supplier {
        name: "Papeterie du Plateau",
        lead_time_days: 10,
    },
    Supplier {
        name: "Dubai Electronics Trading",
        lead_time_days: 30,
    },
    Supplier {
        name: "Guangzhou Home Goods",
        lead_time_days: 45,
    },
];

const FLAT: [f64; 12] = [
    0.95, 0.95, 1.05, 1.1, 1.0, 1.0, 0.95, 0.95, 1.0, 1.0, 1.0, 1.1,
];
const HOT: [f64; 12] = [
    0.7, 0.75, 0.95, 1.1, 1.2, 1.25, 1.1, 1.0, 1.15, 1.25, 1.0, 0.75,
];
const SCHOOL: [f64; 12] = [1.0, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.9, 1.9, 2.4, 1.3, 0.8];
const GIFTS: [f64; 12] = [0.8, 0.9, 0.9, 1.0, 1.0, 0.95, 0.9, 0.9, 0.9, 1.0, 1.1, 1.7];

pub(super) const FAMILIES: [Family; 8] = [
    Family {
        category: "Épicerie",
        prefix: "EPI",
        articles: &[
            ("Riz brisé", 450),
            ("Riz parfumé", 600),
            ("Mil", 400),
            ("Sucre en poudre", 650),
            ("Huile d'arachide", 1_250),
            ("Couscous", 700),
            ("Pâtes", 500),
            ("Farine de blé", 450),
        ],
        variants: &[
            ("1 kg", 1.0),
            ("2 kg", 1.9),
            ("5 kg", 4.6),
            ("10 kg", 9.0),
            ("25 kg", 22.0),
        ],
        suppliers: &[0, 1],
        rate: 9.0,
        month_demand: FLAT,
    },
    Family {
        category: "Boissons",
        prefix: "BOI",
        articles: &[
            ("Jus de bissap", 500),
            ("Jus de bouye", 550),
            ("Jus de gingembre", 500),
            ("Eau minérale", 300),
            ("Limonade", 400),
            ("Thé vert", 900),
            ("Café Touba", 700),
        ],
        variants: &[
            ("petit", 1.0),
            ("moyen", 1.6),
            ("grand", 2.4),
            ("lot de 6", 5.4),
            ("lot de 12", 10.2),
        ],
        suppliers: &[3, 1],
        rate: 7.0,
        month_demand: HOT,
    },
    Family {
        category: "Produits laitiers",
        prefix: "LAI",
        articles: &[
            ("Lait caillé", 400),
            ("Lait en poudre", 1_500),
            ("Yaourt nature", 250),
            ("Yaourt vanille", 300),
            ("Beurre", 900),
            ("Lait concentré", 600),
        ],
        variants: &[
            ("à l'unité", 1.0),
            ("lot de 4", 3.7),
            ("lot de 8", 7.0),
            ("familial", 5.5),
        ],
        suppliers: &[2],
        rate: 6.0,
        month_demand: FLAT,
    },
    Family {
        category: "Hygiène",
        prefix: "HYG",
        articles: &[
            ("Savon de Marseille", 350),
            ("Lessive", 900),
            ("Eau de Javel", 500),
            ("Papier hygiénique", 800),
            ("Dentifrice", 750),
            ("Couches", 3_500),
            ("Éponges", 300),
        ],
        variants: &[
            ("petit format", 1.0),
            ("format moyen", 1.8),
            ("grand format", 3.2),
            ("économique", 5.0),
            ("recharge", 2.2),
        ],
        suppliers: &[4, 1],
        rate: 3.0,
        month_demand: FLAT,
    },
    Family {
        category: "Cosmétiques",
        prefix: "COS",
        articles: &[
            ("Beurre de karité", 1_500),
            ("Huile de baobab", 3_500),
            ("Crème hydratante", 2_500),
            ("Shampoing", 2_000),
            ("Parfum", 8_500),
            ("Savon noir", 1_000),
            ("Encens thiouraye", 1_200),
        ],
        variants: &[
            ("50 ml", 1.0),
            ("100 ml", 1.7),
            ("250 ml", 3.4),
            ("coffret", 5.0),
            ("voyage", 0.7),
        ],
        suppliers: &[5],
        rate: 1.2,
        month_demand: GIFTS,
    },
    Family {
        category: "Papeterie",
        prefix: "PAP",
        articles: &[
            ("Cahier", 300),
            ("Stylo", 150),
            ("Classeur", 1_200),
            ("Cartable", 7_500),
            ("Règle", 200),
            ("Calculatrice", 4_500),
            ("Ramette de papier", 3_000),
        ],
        variants: &[
            ("bleu", 1.0),
            ("rouge", 1.0),
            ("vert", 1.0),
            ("noir", 1.05),
            ("lot de 5", 4.5),
        ],
        suppliers: &[6],
        rate: 1.6,
        month_demand: SCHOOL,
    },
    Family {
        category: "Téléphonie",
        prefix: "TEL",
        articles: &[
            ("Chargeur", 3_000),
            ("Écouteurs", 4_000),
            ("Câble USB-C", 2_000),
            ("Batterie externe", 12_000),
            ("Coque", 2_500),
            ("Téléphone simple", 15_000),
            ("Carte mémoire", 6_000),
        ],
        variants: &[
            ("standard", 1.0),
            ("renforcé", 1.5),
            ("premium", 2.3),
            ("blanc", 1.0),
            ("noir", 1.0),
        ],
        suppliers: &[7],
        rate: 0.35,
        month_demand: GIFTS,
    },
    Family {
        category: "Maison",
        prefix: "MAI",
        articles: &[
            ("Bassine", 2_500),
            ("Marmite", 9_500),
            ("Ventilateur", 22_000),
            ("Natte", 6_500),
            ("Lampe solaire", 11_000),
            ("Bouilloire", 8_000),
            ("Moustiquaire", 5_500),
            ("Seau", 1_800),
            ("Réchaud à gaz", 17_500),
        ],
        variants: &[
            ("20 cm", 1.0),
            ("30 cm", 1.4),
            ("40 cm", 1.9),
            ("lot de 2", 1.9),
            ("luxe", 2.8),
            ("famille", 2.2),
        ],
        suppliers: &[8, 4],
        rate: 0.06,
        month_demand: FLAT,
    },
];
