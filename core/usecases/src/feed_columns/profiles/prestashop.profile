# PrestaShop: the list of products as its exporter writes it, and as its importer reads it.
told by Product ID, Name, Reference | Reference #, Name | ID, Name *, Categories (x,y,z...)

Product ID = product_id
ID = product_id
Name = name
Name * = name
Summary = description
Description = description
Short description = description
Manufacturer = brand
Category = main_category
Categories (x,y,z...) = main_category first of ","
Price tax included = actual_price
Price (tax incl.) = actual_price
Price (tax excl.) = actual_price
Price tax excluded = actual_price
Image = image
Image URLs (x,y,z...) = image first of ","
Reference = attributes.sku
Reference # = attributes.sku
EAN13 = attributes.gtin
UPC = attributes.gtin
Quantity = attributes.quantity
Feature (Name:Value:Position) = attributes
