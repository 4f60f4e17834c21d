# WooCommerce: the products that its exporter writes as CSV. A variable product says what its variations have in common.
told by Type, SKU, Name, Regular price
variants by Parent
parents by SKU, id:ID where Type = variable

ID = product_id
SKU = product_id
Name = name
Description = description
Short description = description
Regular price = actual_price
Sale price = discount_price
Categories = main_category first of ","
Images = image first of ","
Images = images
Brands = brand first of ","
SKU = sku
GTIN, UPC, EAN, or ISBN = gtin
In stock? = availability
Parent = item_group_id
External URL = link
Tags = attributes.tags
Weight (kg) = attributes.weight_kg
Attribute 1 name : Attribute 1 value(s)
Attribute 2 name : Attribute 2 value(s)
Attribute 3 name : Attribute 3 value(s)
Attribute 4 name : Attribute 4 value(s)
Attribute 5 name : Attribute 5 value(s)
Attribute 6 name : Attribute 6 value(s)
Attribute 7 name : Attribute 7 value(s)
Attribute 8 name : Attribute 8 value(s)
Attribute 9 name : Attribute 9 value(s)
Attribute 10 name : Attribute 10 value(s)
Attribute 11 name : Attribute 11 value(s)
Attribute 12 name : Attribute 12 value(s)
