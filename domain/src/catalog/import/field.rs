//! The fields that a column may hold: one table of their names, kinds and headers.

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// How the cells of a field are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Date,
    /// A number that may have a fraction: its cells are evidence of the file's decimal mark.
    Decimal,
    Integer,
    YesNo,
}

/// One row of the table of fields.
struct FieldSpec {
    field: Field,
    name: &'static str,
    content: Content,
    kinds: &'static [Kind],
    required_in: &'static [Kind],
    headers: &'static str,
}

/// Declares [`Field`] and its table. Headers are separated by blanks, the best first, and folded as
/// by [`fold_text`](super::cells::fold_text); `|` stands before those that give way to the ones in
/// front of it.
macro_rules! declare_fields {
    ($(
        $(#[$attribute:meta])*
        $field:ident = $name:literal: $content:ident in [$($kind:ident)*],
            $(required in [$($required:ident)*],)?
            headers $headers:literal;
    )*) => {
        /// A field of a row. Its name is the key in `options.mapping`.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Field {
            $($(#[$attribute])* #[serde(rename = $name)] $field,)*
        }

        const FIELDS: &[FieldSpec] = &[$(FieldSpec {
            field: Field::$field,
            name: $name,
            content: Content::$content,
            kinds: &[$(Kind::$kind),*],
            required_in: &[$($(Kind::$required),*)?],
            headers: $headers,
        }),*];
    };
}

declare_fields! {
    Sku = "sku": Text in [Sales Products StockCounts],
        required in [Sales Products StockCounts],
        headers "sku stockcode productcode itemcode productsku codeproduit codearticle | \
                 refproduit refarticle referenceproduit referencearticle | \
                 reference ref articleno articlenumber noarticle narticle numeroarticle \
                 numerodarticle article itemid productid idproduit produitid code itemno \
                 itemnumber productno productnumber partno partnumber | item product produit";
    Name = "name": Text in [Sales Products StockCounts],
        headers "name productname itemname nomproduit nomduproduit nomarticle nom designation \
                 libelle description title intitule";
    Quantity = "quantity": Decimal in [Sales StockCounts],
        required in [Sales StockCounts],
        headers "quantitevendue qtevendue unitssold quantitysold qtysold unitesvendues | \
                 quantity qty quantite qte units unites nombre";
    #[serde(alias = "sold_at", alias = "at")]
    Date = "date": Date in [Sales StockCounts],
        required in [Sales],
        headers "soldat saledate datedevente datevente countedat countdate datecomptage \
                 datedecomptage dateinventaire datedinventaire | \
                 date invoicedate orderdate datefacture datedefacture datecommande datetime \
                 dateheure dateetheure | \
                 day jour timestamp createdat le at";
    Time = "time": Text in [Sales StockCounts],
        headers "saletime timeofsale heuredevente heurevente heureticket heuredecomptage \
                 counttime heure time hour timeofday";
    UnitPrice = "unit_price": Decimal in [Sales],
        headers "unitprice priceperunit prixunitaire prixunit pu price prix \
                 prixdevente prixvente sellingprice";
    Amount = "amount": Decimal in [Sales],
        headers "netsales netamount ventesnettes montantnet totalnet nettotal | \
                 lineamount linetotal montantligne totalligne | \
                 amount total totalprice totalamount montant montanttotal prixtotal ca sales \
                 revenue";
    /// What would have been paid without the discount. It isn't read beside an amount.
    GrossAmount = "gross_amount": Decimal in [Sales],
        headers "grosssales grossamount grosstotal totalgross ventesbrutes montantbrut totalbrut";
    Discount = "discount": Decimal in [Sales],
        headers "discount discounts discountamount remise remises montantremise \
                 montantdelaremise rabais";
    Document = "document": Text in [Sales],
        headers "document documentno invoiceno invoicenumber invoiceid invoice orderno \
                 ordernumber orderid order receiptno receiptnumber receipt ticket noticket \
                 numeroticket nofacture nfacture ndefacture ncommande ndecommande nticket \
                 numerofacture numfacture numerodefacture facture nocommande numerocommande \
                 numerodecommande commande bon numerodocument piece numeropiece";
    ExternalId = "external_id": Text in [Sales],
        headers "externalid lineid idligne transactionid idtransaction saleid idvente uuid";
    Customer = "customer": Text in [Sales],
        headers "customerid customercode customerno customernumber clientid idclient codeclient \
                 noclient nclient numeroclient numclient customerref refclient customer client";
    CustomerName = "customer_name": Text in [Sales],
        headers "customername nomclient nomduclient clientname";
    Country = "country": Text in [Sales],
        headers "country pays customercountry paysclient";
    Currency = "currency": Text in [Sales Products],
        headers "currency devise monnaie currencycode codedevise";
    Status = "status": Text in [Sales],
        headers "status salestatus orderstatus statut etat etatcommande statutcommande";
    Type = "type": Text in [Sales],
        headers "receipttype tickettype typeticket typedeticket typerecu typederecu \
                 transactiontype typetransaction typedetransaction documenttype typedocument \
                 typededocument typedepiece typepiece | \
                 type mouvement typemouvement typedemouvement movementtype nature operation \
                 typedoperation typeoperation operationtype saletype typevente typedevente";
    Site = "site": Text in [Sales StockCounts],
        headers "site store shop warehouse magasin boutique entrepot depot pointdevente location";
    Category = "category": Text in [Products],
        headers "category categorie family famille famillearticle rayon department";
    Supplier = "supplier": Text in [Products],
        headers "supplier fournisseur vendor suppliername nomfournisseur";
    Unit = "unit": Text in [Products],
        headers "unit unite uom unitedevente unitofmeasure";
    PurchasePrice = "purchase_price": Decimal in [Products],
        headers "purchaseprice buyingprice prixachat prixdachat pa | \
                 costprice cost unitcost prixderevient cout coutunitaire";
    SalePrice = "sale_price": Decimal in [Products],
        headers "regularprice tarifregulier prixregulier | \
                 sellingprice prixvente prixdevente pv | \
                 saleprice salesprice listprice unitprice price prixunitaire prix";
    Barcode = "barcode": Text in [Products],
        headers "barcode ean ean13 gtin upc codebarre codebarres codeabarres";
    MinStock = "min_stock": Decimal in [Products],
        headers "minstock minimumstock lowstockamount stockmin stockminimum stockmini | seuil \
                 seuilalerte seuildalerte reorderpoint safetystock stockdesecurite";
    MaxStock = "max_stock": Decimal in [Products],
        headers "maxstock maximumstock stockmax stockmaximum stockmaxi";
    LeadTimeDays = "lead_time_days": Integer in [Products],
        headers "leadtimedays leadtime deliverydays delai delaijours delailivraison \
                 delaidelivraison delaidapprovisionnement delaiapprovisionnement";
    MinimumOrderQuantity = "minimum_order_quantity": Decimal in [Products],
        headers "minimumorderquantity minorderqty moq quantiteminimum quantiteminimale \
                 quantiteminimaledecommande minimumdecommande qtemin";
    PackMultiple = "pack_multiple": Decimal in [Products],
        headers "packmultiple packsize pack ordermultiple colisage multiple conditionnement \
                 quantiteparcolis";
    Active = "active": YesNo in [Products],
        headers "active isactive enabled actif";
}

/// Headers of a quantity in a count: a sales file's column of stock isn't what was sold.
const COUNTED_QUANTITY_HEADERS: &str = "counted quantitycounted countedquantity qtycounted \
    countedqty quantitecomptee qtecomptee stockcompte compte comptee count comptage inventaire \
    physicalstock physicalcount stockphysique quantitephysique qtephysique physique stockreel \
    quantitereelle qtereelle | \
    quantity qty quantite qte units unites nombre stock level niveau onhand stockonhand \
    quantityonhand qtyonhand quantiteenstock qteenstock stockactuel";

impl Field {
    pub(super) const COUNT: usize = FIELDS.len();

    /// Returns every field, in the order in which columns are searched for.
    pub(super) fn iter_all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|spec| spec.field)
    }

    pub(super) fn as_str(self) -> &'static str {
        self.spec().name
    }

    pub(super) fn content(self) -> Content {
        self.spec().content
    }

    pub(super) fn belongs_to(self, kind: Kind) -> bool {
        self.spec().kinds.contains(&kind)
    }

    pub(super) fn is_required(self, kind: Kind) -> bool {
        self.spec().required_in.contains(&kind)
    }

    /// Returns the headers that mean this field in a file of `kind`, the best first, each with its
    /// rank: those of a higher rank give way to any of a lower one.
    pub(super) fn headers(self, kind: Kind) -> impl Iterator<Item = (usize, &'static str)> {
        let headers = match (self, kind) {
            (Self::Quantity, Kind::StockCounts) => COUNTED_QUANTITY_HEADERS,
            _ => self.spec().headers,
        };
        let ranks = headers.split('|').enumerate();
        ranks.flat_map(|(rank, names)| names.split_ascii_whitespace().map(move |name| (rank, name)))
    }

    pub(super) fn is_money(self) -> bool {
        matches!(
            self,
            Self::UnitPrice
                | Self::Amount
                | Self::GrossAmount
                | Self::Discount
                | Self::PurchasePrice
                | Self::SalePrice
        )
    }

    /// Whether two columns with different headers of this field are a doubt: the one that isn't
    /// read may be the right one. Which of two documents or names is read hardly matters.
    pub(super) fn is_exclusive(self) -> bool {
        let is_compared = matches!(
            self,
            Self::Sku | Self::Time | Self::Type | Self::Status | Self::Site | Self::Currency
        );
        self.content() != Content::Text || is_compared
    }

    /// Whether a header of this rank means the field only where its values do.
    pub(super) fn needs_known_words(self, rank: usize) -> bool {
        self == Self::Type && rank > 0
    }

    fn spec(self) -> &'static FieldSpec {
        &FIELDS[self as usize]
    }
}
