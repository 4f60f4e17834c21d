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
Image URLs (x,y,z...) = images
Reference = sku
Reference # = sku
EAN13 = gtin
UPC = gtin
Quantity = availability
Feature (Name:Value:Position) = attributes
