//! The headers that are understood by themselves, in French and English.

use crate::catalog::import::detect::columns::Field;

/// Headers that mean a field, best first, as `plain` leaves them.
pub(super) const NAMES: &[(Field, &str)] = {
    use Field::*;
    &[
        (
            Sku,
            "sku stockcode productcode itemcode productsku codeproduit codearticle refproduit refarticle \
             referenceproduit referencearticle reference ref articleno article itemid productid idproduit \
             produitid code item product produit",
        ),
        (
            Name,
            "name productname itemname nomproduit nomduproduit nomarticle nom designation libelle \
             description title intitule",
        ),
        (
            Quantity,
            "quantity qty quantite quantitevendue qte qtevendue units unitssold unites nombre",
        ),
        (
            Date,
            "soldat saledate invoicedate orderdate datedevente datevente datefacture datedefacture \
             datecommande date day jour datetime timestamp createdat countedat countdate datecomptage \
             datedecomptage dateinventaire datedinventaire le at",
        ),
        (
            UnitPrice,
            "unitprice priceperunit prixunitaire prixunit pu puht puttc price prix prixdevente prixvente \
             sellingprice",
        ),
        (
            Amount,
            "amount total lineamount linetotal totalprice totalamount montant montanttotal montantligne \
             prixtotal totalligne ca sales revenue",
        ),
        (
            Document,
            "document documentno invoiceno invoicenumber invoiceid invoice orderno ordernumber orderid order \
             receiptno receipt ticket noticket numeroticket nofacture nfacture ndefacture ncommande \
             ndecommande nticket numerofacture numfacture numerodefacture facture nocommande numerocommande \
             numerodecommande commande bon numerodocument piece numeropiece",
        ),
        (
            ExternalId,
            "externalid lineid idligne transactionid idtransaction saleid idvente uuid",
        ),
        (
            Customer,
            "customerid customercode customerno customernumber clientid idclient codeclient noclient \
             numeroclient numclient customerref refclient customer client",
        ),
        (
            CustomerName,
            "customername nomclient nomduclient clientname",
        ),
        (Country, "country pays customercountry paysclient"),
        (Currency, "currency devise monnaie currencycode codedevise"),
        (
            Status,
            "status salestatus orderstatus statut etat etatcommande statutcommande",
        ),
        (
            Site,
            "site store shop warehouse magasin boutique entrepot depot pointdevente location",
        ),
        (
            Category,
            "category categorie family famille famillearticle rayon department",
        ),
        (
            Supplier,
            "supplier fournisseur vendor suppliername nomfournisseur",
        ),
        (Unit, "unit unite uom unitedevente unitofmeasure"),
        (
            PurchasePrice,
            "purchaseprice costprice cost unitcost buyingprice prixachat prixdachat prixderevient cout \
             coutunitaire pa",
        ),
        (
            SalePrice,
            "saleprice sellingprice salesprice listprice unitprice price prixvente prixdevente prixunitaire \
             prix pv pvttc",
        ),
        (
            Barcode,
            "barcode ean ean13 gtin upc codebarre codebarres codeabarres",
        ),
        (
            MinStock,
            "minstock minimumstock stockmin stockminimum stockmini seuil seuilalerte seuildalerte \
             reorderpoint safetystock stockdesecurite",
        ),
        (
            MaxStock,
            "maxstock maximumstock stockmax stockmaximum stockmaxi",
        ),
        (
            LeadTimeDays,
            "leadtimedays leadtime deliverydays delai delaijours delailivraison delaidelivraison \
             delaidapprovisionnement delaiapprovisionnement",
        ),
        (
            MinimumOrderQuantity,
            "minimumorderquantity minorderqty moq quantiteminimum quantiteminimale \
             quantiteminimaledecommande minimumdecommande qtemin",
        ),
        (
            PackMultiple,
            "packmultiple packsize pack ordermultiple colisage multiple conditionnement quantiteparcolis",
        ),
        (Active, "active isactive enabled actif"),
    ]
};

/// What only a count calls its quantity: a sales file's column of stock isn't what was sold.
pub(super) const COUNT_NAMES: &str = "counted quantitecomptee stockcompte count stock level niveau onhand quantiteenstock \
    stockactuel";
